"""Who else in the tree uses a module's name: the question a reviewer of one module cannot ask.

The modules of the same top-level directory are searched first, then the rest of the root, up to
``TREE_BYTES`` of source and ``TREE_FILES`` files, tests last. Texts are read once a process and kept; a tree
that changes under the audit is searched as it was.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from shoal.demo.audit.discovery import IGNORED_DIRECTORIES, TEST_DIRECTORIES
from shoal.demo.audit.models import ModuleTask

TREE_BYTES = 32_000_000
"""How much source is searched at most; a standard library is 12 MB and its tests 20 MB more."""
TREE_FILES = 50_000
"""How many directory entries are looked at on the way."""

_FROM_IMPORT = re.compile(r"^[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)", re.MULTILINE)
_WORD = re.compile(r"\w+|\*")


def uses_private(module: ModuleTask, name: str) -> str | None:
    """The first other module in which ``name`` occurs as a word."""
    return next((user for tree in _trees(module) if (user := tree.mentions(module.path, name))), None)


def imports_from(module: ModuleTask, name: str, *, by_star: bool) -> str | None:
    """The first other module that takes ``name`` from this one: by import, as an attribute, or by star."""
    parts = module.path.removesuffix(".py").split("/")
    stem = parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else parts[-1]
    for tree in _trees(module):
        user = tree.imports(module.path, stem, name) or tree.mentions(module.path, f"{stem}.{name}")
        if user is None and by_star:
            user = tree.imports(module.path, stem, "*", below=module.path.rpartition("/")[0])
        if user:
            return user
    return None


@dataclass(frozen=True)
class _Tree:
    """The texts of many modules, by relative path."""

    texts: tuple[tuple[str, str], ...]

    def mentions(self, excluded: str, phrase: str) -> str | None:
        word = re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)")
        found = (
            path for path, text in self.texts if path != excluded and phrase in text and word.search(text)
        )
        return next(found, None)

    def imports(self, excluded: str, stem: str, name: str, below: str = "") -> str | None:
        users = self.imported.get((stem, name), ())
        return next((path for path in users if path != excluded and path.startswith(below)), None)

    @cached_property
    def imported(self) -> dict[tuple[str, str], list[str]]:
        """By ``(stem, name)``: who imports ``name`` from a module whose dotted name ends in ``stem``."""
        found: dict[tuple[str, str], list[str]] = {}
        for path, text in self.texts:
            for origin, names in _FROM_IMPORT.findall(text):
                for name in _WORD.findall(names):
                    found.setdefault((origin.rpartition(".")[2], name), []).append(path)
        return found


def _trees(module: ModuleTask) -> Iterator[_Tree]:
    head, _, tail = module.path.partition("/")
    if tail:
        yield _read_tree(module.root, os.path.join(module.root, head))
    yield _read_tree(module.root, module.root)


@lru_cache(maxsize=64)
def _read_tree(root: str, start: str) -> _Tree:
    texts: list[tuple[str, str]] = []
    room, entries = TREE_BYTES, 0
    for directory, below, files in os.walk(start):
        entries += len(below) + len(files)
        below[:] = sorted(set(below) - IGNORED_DIRECTORIES, key=lambda name: (name in TEST_DIRECTORIES, name))
        for name in sorted(files):
            path = os.path.join(directory, name)
            if name.endswith(".py") and os.path.isfile(path) and os.path.getsize(path) <= room:
                texts.append((os.path.relpath(path, root).replace(os.sep, "/"), _read(path)))
                room -= len(texts[-1][1])
        if entries > TREE_FILES:
            break
    return _Tree(tuple(texts))


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""
