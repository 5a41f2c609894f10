"""Where in a file each field stands. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

Path = tuple[str | int, ...]
"""A field: keys of mappings and indexes of lists, from the root."""

_PART = re.compile(r"""(?:^|(?<=\.))(?:"([^"]+)"|'([^']+)'|([^.]*))(?=\.|$)""")


class Places:
    """Lines by field, as the reader found them."""

    def __init__(self) -> None:
        self._lines: dict[Path, int] = {}
        self.plain: set[Path] = set()
        """Values that stand there without quotation marks."""

    def note(self, path: Path, line: int) -> None:
        """A field begins on this line, counted from 1."""
        self._lines[path] = line

    def begin(self, path: Path, line: int) -> None:
        """A value begins on this line; that of a key is where the key is."""
        self._lines.setdefault(path, line)

    def line(self, path: Path) -> int:
        """The field's line; of one that is not in the file, that of what it would be in; 0: nothing is known."""
        return self._lines.get(path[: self.depth(path)], 0)

    def depth(self, path: Path) -> int:
        """How many parts of the path are in the file."""
        return next((end for end in range(len(path), 0, -1) if path[:end] in self._lines), 0)

    def __bool__(self) -> bool:
        """Whether anything is known."""
        return bool(self._lines)


def dotted(path: Iterable[str | int]) -> str:
    """As people write it: ``team.members.0.llm``."""
    return ".".join(str(part) for part in path)


def split_dotted(text: str) -> Path:
    """The path people wrote: what is in quotation marks is one part, with the dots in it; numbers stay text, because a
    mapping may have such keys."""
    return tuple(part[1] or part[2] or part[3] for part in _PART.finditer(text)) if text else ()
