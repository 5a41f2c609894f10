"""The files of a first experiment: what ``shoal init`` writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from shoal.experiments.errors import ExperimentError
from shoal.experiments.file.schema import schema_text

SCHEMA = "experiment.schema.json"
_TEMPLATE = "template"
_LEFT_OUT = ("__pycache__", "__init__.py")


def starter_files() -> dict[str, str]:
    """Texts by the paths they are written to."""
    template = files("shoal.experiments.starting").joinpath(_TEMPLATE)
    return {**dict(sorted(_texts(template, ""))), SCHEMA: schema_text()}


def write_starter(folder: Path) -> list[Path]:
    """Write them all, or none: raises :class:`ExperimentError` naming what is there already, ``OSError``."""
    texts = starter_files()
    if folder.exists() and not folder.is_dir():
        raise ExperimentError(f"{folder} is no directory: give one that is empty, or is not there yet")
    there = [name for name in texts if os.path.lexists(folder / name)]
    if there:
        names = ", ".join(there)
        raise ExperimentError(f"{folder} has {names} already: nothing is overwritten, give another directory")
    for name in dict.fromkeys(str(Path(name).parent) for name in texts):
        if os.path.lexists(folder / name) and not (folder / name).is_dir():
            raise ExperimentError(
                f"{folder / name} is no directory, and files go into it: give another directory"
            )
    written: list[Path] = []
    try:
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            written.append(path)
            path.write_text(text, encoding="utf-8")
    except OSError:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return written


def _texts(folder: Traversable, above: str) -> Iterator[tuple[str, str]]:
    for one in folder.iterdir():
        if one.name in _LEFT_OUT:
            continue
        if one.is_dir():
            yield from _texts(one, f"{above}{one.name}/")
        else:
            yield f"{above}{one.name}", one.read_text(encoding="utf-8")
