"""Data as text on a terminal: on one line, no longer than wanted, without secrets or what commands the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgpack
from rich.text import Text

from shoal.runtime.redaction import redact
from shoal.runtime.secret_fields import redact_field
from shoal.runtime.terminal.data import Unreadable, data_of, type_name

_BYTES_SHOWN = 12
_LONGEST_SECRET = 4096
"""A secret that begins in what is shown is found up to this length."""


def printable(text: str) -> str:
    """The text with what is not printable escaped: no line break, no control code, no turned writing direction."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape", "surrogatepass").decode()
        for each in text
    )


def plain(text: str, style: str = "") -> Text:
    """What others wrote, for a page: a ``str`` on a page is Rich's markup, where ``[/x]`` is an error."""
    return Text(printable(text), style)


def clipped(text: str, most: int) -> str:
    """The text on one line, cut off behind ``most`` characters."""
    line = printable(" ".join(redact(text[: 4 * most]).split()))
    return line if len(line) <= most and len(text) <= 4 * most else line[: most - 1] + "…"


def value_text(tag: str, payload: bytes, most: int) -> str:
    """A value on one line: the type's name, unless it is a native one, and the data."""
    name = printable(type_name(tag))
    text = data_text(data_of(payload), most)
    return f"{name} {text}" if name else text


def data_text(data: Any, most: int) -> str:
    """Data on one line, about as JSON; cut off behind ``most`` characters. Takes time for what is shown only."""
    pieces = []
    left = most
    for piece in _pieces(data, most):
        pieces.append(piece)
        left -= len(piece)
        if left < 0:
            break
    text = "".join(pieces)
    return text if len(text) <= most else text[: most - 1] + "…"


def quoted(text: str) -> str:
    """A text in quotation marks."""
    return printable(json.dumps(text, ensure_ascii=False))


def key_text(key: Any) -> str:
    """The key of a map: bare where that is clear."""
    if type(key) is str:
        return key if key.isidentifier() and key.isascii() else quoted(key)
    return "".join(_pieces(key, 100))


def bytes_text(data: bytes) -> str:
    """Bytes: the first ones, and how many they are."""
    if not data:
        return "no bytes"
    more = "…" if len(data) > _BYTES_SHOWN else ""
    many = f" ({len(data):,} bytes)" if len(data) > 1 else ""
    return f"0x{data[:_BYTES_SHOWN].hex()}{more}{many}"


def _pieces(data: Any, most: int) -> Iterator[str]:
    match data:
        case str():
            yield quoted(redact(data[: most + _LONGEST_SECRET])[: most + 1])
        case bytes():
            yield bytes_text(data)
        case Unreadable():
            yield f"<{len(data.payload):,} bytes, {data.why}>"
        case msgpack.ExtType():
            yield f"<extension {data.code}, {len(data.data):,} bytes>"
        case list():
            yield "["
            for place, one in enumerate(data):
                yield ", " if place else ""
                yield from _pieces(one, most)
            yield "]"
        case dict():
            yield "{"
            for place, (key, one) in enumerate(data.items()):
                yield (", " if place else "") + key_text(key) + ": "
                both = type(key) is str and type(one) is str
                yield from _pieces(redact_field(key, one) if both else one, most)
            yield "}"
        case None | True | False:
            yield {None: "null", True: "true", False: "false"}[data]
        case _:
            yield printable(str(data))
