"""A run that ended before anything of its experiment was in it: who asks for it by its name begins it there.

A program that is killed while its system starts leaves a directory with ``run.json`` and nothing that says what was to
be done. Nothing was done, so that nothing is lost, and nothing is there to go on with.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from shoal.experiments.errors import NotAnExperiment
from shoal.experiments.layout import EXPERIMENT_FILE
from shoal.runtime.journal.manifest import FILE_NAME, Manifest
from shoal.runtime.journal.reader import RunReader
from shoal.runtime.journal.resuming import this_program
from shoal.runtime.journal.run_lock import RunLock

_SHOAL = "shoal"
_COMMANDS = ("run", "compare", "demo")
"""Those that run experiments."""
_WITH_VALUE = ("-X", "-W", "--check-hash-based-pycs")
"""Options of the interpreter whose value is a word of its own."""


def is_unbegun(path: Path) -> bool:
    """Whether there is such a run in this directory, which nobody has, made by a command of experiments or by this
    program.

    Raises :class:`StoreError` when it cannot be read.
    """
    if not (path / FILE_NAME).exists() or (path / EXPERIMENT_FILE).exists():
        return False
    with RunReader(path) as reader:
        summary = reader.summary()
        return summary.holder is None and not any(summary.counts.values()) and _is_ours(reader.manifest)


def check_is_experiment(path: Path) -> None:
    """See that there is an experiment in this directory.

    Raises ``RunNotFound``, ``RunInUse`` where a program has it that has not begun yet, and :class:`NotAnExperiment`.
    """
    if (path / EXPERIMENT_FILE).exists():
        return
    RunReader(path).close()
    RunLock(path).release()
    raise NotAnExperiment(
        f"run {path.name!r} in {path.parent} was made by another program, not by an experiment: take another name",
        run=path.name,
    )


class _Program(NamedTuple):
    name: str
    """The module, or the path of the script; empty for none."""
    arguments: list[str]


def _is_ours(manifest: Manifest) -> bool:
    made_by = _program(manifest.argv, Path(manifest.cwd))
    if Path(made_by.name).name == _SHOAL:
        return made_by.arguments[:1] in [[command] for command in _COMMANDS]
    return made_by.name != "" and made_by.name == _program(this_program(), Path.cwd()).name


def _program(argv: Sequence[str], cwd: Path) -> _Program:
    """What was started, of an interpreter and its arguments."""
    words = list(argv[1:])
    while words:
        word = words.pop(0)
        if word in ("-m", "-c"):
            return _Program(words[0] if words else "", words[1:])
        if not word.startswith("-"):
            return _Program(str((cwd / word).resolve()), words)
        if word in _WITH_VALUE:
            del words[:1]
    return _Program("", [])
