"""SVG as text: elements whose attributes and texts are escaped. Pure.

Whatever comes from models or data goes through :func:`clean` and is escaped, here and nowhere else.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from markupsafe import Markup

from shoal.experiments.report.svg_drawing import number
from shoal.runtime.redaction import redact

_NAME = re.compile(r"_+$")
_SEEN = "\n\t"
_WIDTH = 0.56
"""Of a letter of the page's font, in its size: a little more than is needed."""


def clean(text: str) -> str:
    """The text without what is no letter: control codes, turned writing directions, halves of letters."""
    if text.isprintable():
        return text
    return "".join(
        one
        if one.isprintable() or one in _SEEN or one == " "
        else one.encode("unicode_escape", "surrogatepass").decode()
        for one in text
    )


def escaped(text: str) -> str:
    """The text as it may stand in HTML, between tags or in an attribute, without secrets."""
    return html.escape(clean(redact(text)), quote=True)


def mark(name: str, *inner: str, **attributes: str | float | None) -> str:
    """An element; ``inner`` is SVG already. Attributes: ``class_`` is ``class``, ``stroke_width`` ``stroke-width``."""
    given = "".join(
        f' {_NAME.sub("", key).replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    body = "".join(inner)
    return f"<{name}{given}>{body}</{name}>" if body else f"<{name}{given}/>"


def text(said: str, x: float, y: float, **attributes: str | float | None) -> str:
    """A line of text."""
    return mark("text", escaped(said), x=x, y=y, **attributes)


def title(said: str) -> str:
    """What is shown when one points at an element."""
    return f"<title>{escaped(said)}</title>"


def picture(
    name: str, said: str, width: float, height: float, parts: Iterable[str], wide: bool = False
) -> Markup:
    """A whole picture. ``name``: its title; ``said``: what it shows, for who cannot see it.

    ``wide``: on a narrow screen it keeps its size, and one scrolls.
    """
    head = title(name) + f"<desc>{escaped(said)}</desc>"
    kind = "picture wide" if wide else "picture"
    box = f"0 0 {number(width)} {number(height)}"
    svg = mark("svg", head, *parts, class_=kind, viewBox=box, role="img", width=width, height=height)
    return Markup(svg)


def text_width(said: str, size: float) -> float:
    """About how wide a text is."""
    return len(said) * size * _WIDTH


def fitted(said: str, width: float, size: float) -> str:
    """The text, cut off where it would be wider."""
    most = max(2, int(width / (size * _WIDTH)))
    return said if len(said) <= most else f"{said[: most - 1]}…"


def _value(value: str | float) -> str:
    return number(value) if isinstance(value, float | int) else escaped(value)
