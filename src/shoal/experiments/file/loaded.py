"""An experiment and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoal.experiments.errors import BadExperiment, BadWorkload, Problem
from shoal.experiments.file.locating import Locator
from shoal.experiments.file.places import Path as FieldPath
from shoal.experiments.file.places import Places
from shoal.experiments.file.telling import problems_of

if TYPE_CHECKING:
    from shoal.experiments.file.spec import Experiment


@dataclass(frozen=True)
class Loaded:
    """An experiment as it was read from a file, overrides applied."""

    experiment: Experiment
    path: Path | None = None
    """The file, absolute; ``None``: it was built in a program."""
    folder: Path = field(default_factory=Path.cwd)
    """What relative paths in it start from, absolute."""
    text: str = ""
    """The file as it is: what the run directory keeps. Variables of the environment are not filled in."""
    overrides: tuple[str, ...] = ()
    name: str = ""
    """Of a Python file: of which of its variables it is."""
    written: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What stood in the file, by what became of it: texts with variables of the environment."""
    locator: Locator = field(default_factory=lambda: Locator("", {}, Places()), repr=False)
    held: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the variables of the environment held that the file names."""

    def problems(self, error: BadExperiment | BadWorkload, within: FieldPath = ()) -> list[Problem]:
        """The problems of an error whose fields are relative to ``within``, each with its place in the file."""
        return [self.locator.placed(one, within) for one in problems_of(error)]


def loaded_from(experiment: Any, folder: Path | str | None = None) -> Loaded:
    """An experiment that a program built; relative paths in it start from ``folder``, else from the current one."""
    return Loaded(experiment, folder=Path(folder or ".").absolute())
