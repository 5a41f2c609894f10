"""What was said, cut to what an error or a log line can carry. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from shoal.topologies.wiring.history import as_text

_MOST_NAMES = 20
_ALL_CHARACTERS = 1000
"""An error travels as an object when it is under 16 KiB, and a character can take four bytes."""
_LEAST = 20


def excerpt(value: Any, most: int) -> str:
    """A message as text, of ``most`` characters."""
    text = as_text(value)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def excerpts(answers: Mapping[str, Any]) -> dict[str, str]:
    """What was said, by who said it: the first of them, each as long as all together can be."""
    most = max(_LEAST, _ALL_CHARACTERS // max(1, len(answers)))
    return {name: excerpt(value, most) for name, value in islice(answers.items(), _MOST_NAMES)}
