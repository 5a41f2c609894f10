"""The lines of a text file, decoded one by one, so that a byte that is no text is told with its place."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from shoal.experiments.errors import Problem
from shoal.experiments.workload.row import MOST_BYTES

_OTHER = "say so in workload.encoding, if the file has another encoding"
_MOST_BYTES_WHOLE = 16 * MOST_BYTES


class Line(NamedTuple):
    """A line with its number, from 1, and its end."""

    number: int
    text: str


def lines_of(path: Path, shown: str, encoding: str) -> Iterator[Line | Problem]:
    """The lines of a file that is named ``shown`` in problems. A line that cannot be decoded is a problem in its place.

    A byte order mark is left out. Raises ``OSError``.
    """
    with path.open("rb") as file:
        if _marks_lines_with_a_byte(encoding):
            yield from _split(file, shown, encoding)
        else:  # UTF-16 and its like: a byte of a line's end can be half of a letter
            data = file.read(_MOST_BYTES_WHOLE + 1)
            if len(data) > _MOST_BYTES_WHOLE:
                yield Problem(f"it is too large to be read as {encoding}", shown, remedy="make it UTF-8")
                return
            text = decoded(data, 0, shown, 0, encoding)
            if isinstance(text, Problem):
                yield text
                return
            # Not splitlines(): for it a form feed and seven others end a line too, which may stand in a value.
            for number, line in enumerate(io.StringIO(text.removeprefix("\ufeff"), newline=""), 1):
                yield Line(number, line)


def decoded(data: bytes, offset: int, shown: str, line: int, encoding: str) -> str | Problem:
    """Bytes as text; a problem with the place in the file of the first byte that is none. ``offset`` is where ``data``
    begins in its file."""
    if offset == 0 and data.startswith(codecs.BOM_UTF8) and codecs.lookup(encoding).name == "utf-8":
        data, offset = data[len(codecs.BOM_UTF8) :], len(codecs.BOM_UTF8)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as exc:
        at = offset + exc.start
        byte = data[exc.start : exc.start + 1].hex()
        what = f"it is no {encoding}: {exc.reason} (byte 0x{byte} at offset {at})"
        return Problem(what, shown, line, remedy=_OTHER)
    except UnicodeError as exc:
        return Problem(f"it is no {encoding}: {exc}", shown, line, remedy=_OTHER)


def _split(file: BinaryIO, shown: str, encoding: str) -> Iterator[Line | Problem]:
    number, offset = 0, 0
    while data := file.readline(MOST_BYTES + 1):
        number += 1
        if len(data) > MOST_BYTES:
            yield Problem(
                f"the line is longer than {MOST_BYTES:,} bytes: it is no case",
                shown,
                number,
                remedy="one case a line",
            )
            return
        text = decoded(data, offset, shown, number, encoding)
        yield text if isinstance(text, Problem) else Line(number, text)
        offset += len(data)


def _marks_lines_with_a_byte(encoding: str) -> bool:
    try:
        return "a\n".encode(encoding) == b"a\n"
    except UnicodeError:
        return False
