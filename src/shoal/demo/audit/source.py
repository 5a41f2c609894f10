"""Read and parse one module, or say in one line why not.

Decoding is Python's own (byte-order mark, PEP 263 cookie, UTF-8 else), and so are the line ends: a form feed
or a U+2028 does not end a line. Whatever a file holds, reading it ends in a :class:`Source` or
:class:`Unreadable`.
"""

from __future__ import annotations

import ast
import io
import os
import stat
import threading
import tokenize
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shoal.demo.audit.models import EVIDENCE_CHARS, REASON_CHARS, ModuleTask

_QUIET = threading.Lock()


@contextmanager
def quiet() -> Iterator[None]:
    """Run the compiler on somebody's source without its warnings about that source, one thread at a time."""
    # catch_warnings swaps process-wide state: threads leaving it in the wrong order would keep the filter. And CPython
    # 3.11 counts the depth of the tree it makes for all threads together: two at once can end in a SystemError.
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Unreadable(Exception):
    """The module cannot be reviewed; the text is the reason, short and without line breaks."""

    def __init__(self, reason: str) -> None:
        super().__init__(clip(printable(reason), REASON_CHARS))
        self.reason: str = self.args[0]


@dataclass(frozen=True, slots=True)
class Source:
    """A module's text; ``lines`` are without their ends and counted from 1 by :meth:`line`."""

    text: str
    lines: tuple[str, ...]
    bytes: int

    def line(self, number: int) -> str:
        """The line, or ``""`` outside the text."""
        return self.lines[number - 1] if 1 <= number <= len(self.lines) else ""

    def evidence(self, number: int) -> str:
        """What a finding quotes of the line: stripped and clipped."""
        return clip(printable(self.line(number).strip()), EVIDENCE_CHARS)


def load(module: ModuleTask) -> Source:
    """Read the module from disk. Raises :class:`Unreadable`."""
    data = _read(os.path.join(module.root, *module.path.split("/")), module.limits.max_bytes)
    text = _decode(data)
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return Source(text, tuple(lines), len(data))


def parse(source: Source) -> ast.Module:
    """The module's syntax tree. Raises :class:`Unreadable`."""
    try:
        with quiet():
            return ast.parse(source.text)
    except SyntaxError as exc:
        where = f" in line {exc.lineno}" if exc.lineno else ""
        raise Unreadable(f"syntax error{where}: {exc.msg}") from exc
    except (RecursionError, MemoryError) as exc:
        raise Unreadable("nested too deep to be parsed") from exc
    except ValueError as exc:
        raise Unreadable(f"cannot be parsed: {exc}") from exc


def clip(text: str, chars: int) -> str:
    """``text``, cut to ``chars`` with an ellipsis at the end."""
    return text if len(text) <= chars else text[: chars - 1] + "…"


def printable(text: str) -> str:
    """``text`` on one line and fit for UTF-8: lone surrogates and control characters are escaped."""
    if text.isascii() and text.isprintable():
        return text
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in text)


def _read(path: str, max_bytes: int) -> bytes:
    try:
        # Opening a FIFO would wait for a writer, so the kind is asked first.
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable("not a regular file")
        if status.st_size > max_bytes:
            raise Unreadable(f"{status.st_size:,} bytes, over the limit of {max_bytes:,}")
        with open(path, "rb") as stream:
            data = stream.read(max_bytes + 1)
    except OSError as exc:
        raise Unreadable(f"cannot be read: {exc.strerror or type(exc).__name__}") from exc
    if len(data) > max_bytes:
        raise Unreadable(f"over the limit of {max_bytes:,} bytes")
    return data


def _decode(data: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        with io.TextIOWrapper(io.BytesIO(data), encoding) as stream:
            text = stream.read()
        text.encode("utf-8")
    except SyntaxError as exc:
        raise Unreadable(f"encoding: {exc.msg}") from exc
    except (LookupError, ValueError) as exc:
        raise Unreadable(f"cannot be decoded: {exc}") from exc
    if "\0" in text:
        raise Unreadable("holds a null byte")
    return text
