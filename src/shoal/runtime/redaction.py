"""Secrets out of texts: what logs, errors, journals, events and pages show has ``[redacted:kind]`` in their place.

A secret is told by its value (``env`` and named ones: :mod:`~shoal.runtime.secret_values`), by its shape
(:mod:`~shoal.runtime.secret_shapes`) or by the name in front of it (:mod:`~shoal.runtime.secret_fields`). Texts only:
messages, tasks' payloads and what agents store are kept as they are. The work grows with the text's length and with the
number of secrets in the environment; a text that is redacted again stays as it is.

For failures, logs and pages; nothing on a message's way calls it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from shoal.runtime.secret_fields import redact_field, redact_fields
from shoal.runtime.secret_shapes import redact_shapes
from shoal.runtime.secret_values import SecretValues

_MARKER = re.compile(r"(\[redacted:[a-z-]+\])")
_DEEPEST = 100
_MOST = 1024 * 1024
_values = SecretValues()  # of the process, as its environment is


def redact_value(secret: str) -> None:
    """Never show this value: in this process it is redacted from now on wherever secrets are.

    For secrets that come from elsewhere than the environment; the process that holds one names it (an agent, in
    ``on_start``). Raises :class:`~shoal.errors.ConfigError` for fewer than four characters.
    """
    _values.add(secret)


def redact(text: str) -> str:
    """The text without the secrets in it; each is replaced by ``[redacted:kind]``, the same each time."""
    return redact_fields(redact_shapes(_redact_values(text)))


def redact_start(text: str, most: int) -> str:
    """The first ``most`` characters of the redacted text. Of a text beyond measure, no more is looked at."""
    return redact(text[:_MOST])[:most]


def redact_end(text: str, most: int) -> str:
    """The same of its end."""
    return redact(text[-_MOST:])[-most:]


def redact_data(data: Any, name: str = "") -> Any:
    """Plain data (texts, lists, maps) without the secrets in its texts and under names that say so. A copy.

    ``name``: what the data itself stands under.
    """
    return _redact_field(name, data, _DEEPEST)


def redact_arguments(arguments: Sequence[str]) -> list[str]:
    """A command line's words, also without what stands behind an option such as ``--api-key``."""
    behind = ["", *(word.lstrip("-") if word.startswith("-") else "" for word in arguments)]
    return [redact_field(option, redact(word)) for option, word in zip(behind, arguments, strict=False)]


def _redact_values(text: str) -> str:
    secrets = _values.found_in(text)
    if secrets is None:
        return text
    pieces = _MARKER.split(text)  # every other one is a marker already
    pieces[::2] = [secrets.sub("[redacted:value]", piece) for piece in pieces[::2]]
    return "".join(pieces)


def _redact_data(data: Any, deep: int) -> Any:
    if isinstance(data, str):
        return redact(data)
    if not isinstance(data, dict | list | tuple):
        return data
    if not deep:
        return "[redacted:too-deep]"
    if isinstance(data, dict):
        redacted: dict[Any, Any] = {}
        for key, value in data.items():
            redacted[_redacted_key(key, redacted)] = _redact_field(key, value, deep - 1)
        return redacted
    parts = [_redact_data(one, deep - 1) for one in data]
    if isinstance(data, list):
        return parts
    return data._make(parts) if hasattr(data, "_make") else tuple(parts)


def _redact_field(key: Any, value: Any, deep: int) -> Any:
    if isinstance(key, str) and isinstance(value, str):
        value = redact_field(key, value)
    return _redact_data(value, deep)


def _redacted_key(key: Any, taken: dict[Any, Any]) -> Any:
    redacted = redact(key) if isinstance(key, str) else key
    return f"{redacted} {len(taken)}" if redacted in taken else redacted
