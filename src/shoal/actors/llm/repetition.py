"""Notices a model that goes in circles: the same tool, the same arguments, the same result, again and again. Pure.

The result stands for the state of the world: a call that is repeated until something changes, as in waiting for a
build, is no repetition once the result is another one.
"""

from __future__ import annotations

import json
from collections import Counter
from hashlib import blake2b

from shoal.models.chat import ToolCall


class RepetitionDetector:
    """Of one conversation."""

    def __init__(self, limit: int) -> None:
        """``limit``: how often the same call may have the same result; the call that reaches it is told."""
        self._limit = limit
        self._last: dict[bytes, bytes] = {}
        """Result of each call when it was last made."""
        self._times: Counter[bytes] = Counter()

    def seen(self, call: ToolCall, result: str) -> bool:
        """Count a call and its result; returns whether it has now been made ``limit`` times to no effect."""
        action = _digest(f"{call.name}\0{_canonical(call.arguments)}")
        outcome = _digest(result)
        if self._last.get(action) != outcome:
            self._last[action] = outcome
            self._times[action] = 0
        self._times[action] += 1
        return self._times[action] >= self._limit


def _canonical(arguments: str) -> str:
    """The arguments with keys in order; as they are when they are no JSON."""
    try:
        return json.dumps(json.loads(arguments), sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        return arguments


def _digest(text: str) -> bytes:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()
