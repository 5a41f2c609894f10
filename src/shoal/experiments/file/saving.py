"""An experiment as it is kept in its run directory (``experiment.json``), and back.

What is kept is the experiment as it was run, overrides applied and defaults filled in, but with variables of the
environment as the file names them: what they held is not written down. An experiment of a Python file has objects in
it; of those only names are kept, and it is read back by running its file again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from shoal.experiments.errors import Problem
from shoal.experiments.file.environment import expand, written_back
from shoal.experiments.file.loaded import Loaded
from shoal.experiments.file.loading import load
from shoal.experiments.file.locating import Locator
from shoal.experiments.file.places import Places
from shoal.experiments.file.python_file import has_objects
from shoal.experiments.file.spec import Experiment
from shoal.experiments.file.telling import raise_problems, wrong
from shoal.experiments.file.validating import validate

SOURCE = "source"
"""The key of where it comes from, beside the experiment's own fields."""


def save(loaded: Loaded) -> dict[str, Any]:
    """The experiment as JSON, with where it comes from under ``source``."""
    data = _as_run(loaded.experiment)
    source = {
        "folder": str(loaded.folder),
        "path": str(loaded.path) if loaded.path else "",
        "name": loaded.name,
        "overrides": list(loaded.overrides),
        "objects": has_objects(loaded.experiment),
    }
    return {**to_jsonable_python(written_back(data, loaded.written)), SOURCE: source}


def load_saved(
    saved: Mapping[str, Any], *, text: str = "", environ: Mapping[str, str] | None = None
) -> Loaded:
    """The experiment again. ``text``: the file that was kept beside it. Raises ``BadExperiment``."""
    source = saved.get(SOURCE)
    if not isinstance(source, dict):
        raise wrong([Problem("the saved experiment does not say where it comes from", "experiment.json")])
    folder, path, overrides = Path(source["folder"]), source["path"], tuple(source["overrides"])
    if source["objects"]:
        return _load_again(path, source["name"], overrides)
    data = {key: value for key, value in saved.items() if key != SOURCE}
    locator = Locator("experiment.json", data, Places())
    filled = expand(data, os.environ if environ is None else environ)
    raise_problems([locator.placed(one) for one in filled.problems])
    experiment = validate(filled, locator)
    where = Path(path) if path else None
    return Loaded(
        experiment, where, folder, text, overrides, source["name"], filled.written, locator, filled.held
    )


def _as_run(experiment: Experiment) -> dict[str, Any]:
    """Its data as it was given, so that what was left out is left out again, with the sections that were not given."""
    filled = experiment.model_dump(mode="json", by_alias=True, exclude_none=True)
    return filled | experiment.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _load_again(path: str, name: str, overrides: tuple[str, ...]) -> Loaded:
    if not path:
        what = "the experiment was built in a program, of objects that are not in its file"
        raise wrong([Problem(what, "experiment.json", remedy="start that program again")])
    return load(f"{path}:{name}" if name else path, overrides)
