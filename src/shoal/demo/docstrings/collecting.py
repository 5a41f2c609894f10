"""Docstrings of the interpreter's own standard library, read from its source. Nothing is imported or run."""

from __future__ import annotations

import ast
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

PACKAGES = ("asyncio", "email", "http", "importlib", "logging", "multiprocessing", "unittest", "xml")
"""Whose docstrings are asked about: each has more than a hundred in every version of Python from 3.11 on."""
_DESCRIBED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_NOT_THEIRS = ("test", "tests")


class Docstring(NamedTuple):
    """One, as it is written."""

    package: str
    module: str
    """The last part of the module's name."""
    name: str
    """The function's or class's."""
    text: str


def standard_library() -> Path:
    """Where its source is."""
    return Path(sysconfig.get_path("stdlib"))


def docstrings(library: Path, packages: Sequence[str] = PACKAGES) -> Iterator[Docstring]:
    """Those of functions and classes, by package and path. What cannot be read or parsed is passed over."""
    for package in packages:
        for path in sorted((library / package).rglob("*.py")):
            if not set(path.relative_to(library).parts).intersection(_NOT_THEIRS):
                yield from _in_file(package, path)


def _in_file(package: str, path: Path) -> Iterator[Docstring]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return
    for node in ast.walk(tree):
        if isinstance(node, _DESCRIBED) and (text := ast.get_docstring(node)):
            yield Docstring(package, path.stem, node.name, text)
