"""What the pages of the guides say is typed and printed, to hold it against what is printed."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

GUIDES = Path(__file__).resolve().parents[1] / "docs" / "guides"
_TIME = re.compile(r"\d[\d.,]* (ms|µs|s)\b")


def commands(guide: str) -> list[tuple[str, str]]:
    """A page's commands, each with what it is to print."""
    blocks = re.findall(
        r"^```console\n(.*?)^```$", (GUIDES / guide).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    found = []
    for block in blocks:
        first, *rest = block.splitlines()
        begins = [first.removeprefix("$ "), *rest]
        if begins[0].startswith("cd "):  # as one would type it, after what `shoal init` has printed
            found.append((begins[0], ""))
            begins = [begins[1].removeprefix("$ "), *begins[2:]]
        found.append((begins[0], "\n".join(begins[1:])))
    return found


def stable(printed: str) -> list[str]:
    """What is the same each time: lines without times and what stands behind them, in whatever order agents came."""
    lines = []
    for line in printed.splitlines():
        if "took" in line and "start" in line:
            continue  # the heading of a trace is as wide as its times
        if re.match(r"\S+: [\d,]+ of [\d,]+ tasks, ", line):
            continue  # progress: on a terminal, which the guide shows, it is drawn over
        kept = re.split(r"\s+\d\.\d{3} |\s{2,}\S+ (?:ms|µs|s) ", _TIME.sub("0 ms", line))[0]
        lines.append(re.sub(r"[\s─├└]+", " ", re.sub(r"\(\d\.\d MB\)", "", kept)).strip())
    return sorted(line for line in lines if line)


_OF_TIME = ("p50", "p95", "tasks/s")


def table(printed: str) -> dict[str, dict[str, str]]:
    """The figures of each team in what ``shoal compare`` prints, by their headings; those that are times left out."""
    teams: dict[str, dict[str, str]] = {}
    headings: list[str] = []
    for line in printed.splitlines():
        first, *cells = re.split(r"\s{2,}", line.strip())
        if first == "team":
            headings = cells
        elif headings and len(cells) == len(headings):
            kept = {name: cell for name, cell in zip(headings, cells, strict=True) if name not in _OF_TIME}
            teams.setdefault(first, {}).update(kept)
        elif not line.strip():
            headings = []
    return teams


@contextlib.contextmanager
def empty_directory(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Be in this directory; the modules that are imported from it are forgotten afterwards."""
    monkeypatch.chdir(path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delenv("SHOAL_RUNS", raising=False)
    yield
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(path)):
            del sys.modules[name]
