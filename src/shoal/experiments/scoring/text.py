"""JSON values as text, to compare them. Pure."""

from __future__ import annotations

import json
import re
from typing import Any


def text_of(value: Any) -> str:
    """Text as it is, anything else as JSON writes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def folded(text: str, ignore_case: bool) -> str:
    """The text to compare by."""
    return text.casefold() if ignore_case else text


def places(wanted: str, text: str, *, words: bool) -> list[tuple[int, int]]:
    """Where it occurs, as starts and ends; ``words``: only where no letter or digit goes on before or behind it."""
    if not wanted:
        return []
    pattern = re.escape(wanted)
    if words:
        pattern = rf"(?<!\w){pattern}(?!\w)"
    return [found.span() for found in re.finditer(pattern, text)]
