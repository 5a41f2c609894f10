"""Source trees for the audit's tests. ``§`` in a source marks a place and is left out of what is written."""

from __future__ import annotations

from pathlib import Path

from shoal.demo.audit.models import Finding, Limits, ModuleReview, ModuleTask
from shoal.demo.audit.reviewer import review
from shoal.demo.audit.rules import RULES

MARK = "§"


def write(root: Path, path: str, source: str | bytes) -> Path:
    """Write a file below ``root``, without the mark."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(source if isinstance(source, bytes) else source.replace(MARK, "").encode("utf-8"))
    return file


def task(root: Path, path: str = "mod.py", limits: Limits | None = None) -> ModuleTask:
    return ModuleTask(root=str(root), path=path, package="pkg", limits=limits or Limits())


def reviewed(
    root: Path, source: str | bytes, path: str = "mod.py", limits: Limits | None = None
) -> ModuleReview:
    """The review of a module with this source."""
    write(root, path, source)
    return review(task(root, path, limits))


def place(source: str) -> tuple[int, int]:
    """Line and column of the mark, from 1."""
    before = source[: source.index(MARK)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def forged(
    source: str, rule: str, symbol: str, *, path: str = "mod.py", metric: int | None = None
) -> Finding:
    """A finding that claims ``rule`` at the mark, its evidence taken from there."""
    line, column = place(source)
    return Finding(
        rule=rule,
        kind=RULES[rule].kind,
        severity=RULES[rule].severity,
        path=path,
        line=line,
        column=column,
        symbol=symbol,
        message="claimed",
        evidence=source.replace(MARK, "").split("\n")[line - 1].strip(),
        metric=metric,
    )
