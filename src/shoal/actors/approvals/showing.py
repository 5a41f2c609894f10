"""What a person sees of a value, and what becomes of the value once a person has edited what was shown. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic_core import to_jsonable_python

from shoal.runtime.errors import NotAMessage

Redact = Callable[[str], str]
"""Takes a text, gives it with the secrets in it made unreadable."""


def as_it_is(text: str) -> str:
    """Redacts nothing."""
    return text


def jsonable(value: Any) -> Any:
    """The value as JSON has it: what a person can read and edit. Raises ``NotAMessage``."""
    try:
        return to_jsonable_python(value, bytes_mode="base64", inf_nan_mode="strings")
    except ValueError as exc:  # pydantic_core's own error is one
        raise NotAMessage(
            f"a value of type {type(value).__name__} cannot be shown to a person: {exc}"
        ) from exc


def json_text(data: Any) -> str:
    """Data as JSON text."""
    return json.dumps(data, ensure_ascii=False)


def redacted(data: Any, redact: Redact) -> Any:
    """JSON data with each text in it redacted; a field's text is also looked at as ``name=text``, for secrets that are
    known by their name."""
    if isinstance(data, str):
        return redact(data)
    if isinstance(data, list):
        return [redacted(one, redact) for one in data]
    if isinstance(data, dict):
        return {redact(key): _field(key, one, redact) for key, one in data.items()}
    return data


def _field(key: str, value: Any, redact: Redact) -> Any:
    plain = redacted(value, redact)
    if not isinstance(plain, str):
        return plain
    named = redact(f"{key}={plain}")
    return named.removeprefix(f"{key}=") if named.startswith(f"{key}=") else plain


def restored(edited: Any, shown: Any, original: Any) -> Any:
    """What an edit means for the original: whatever was left as it was shown is the original's.

    So a secret that was shown redacted comes back when it was left alone, and bytes that were shown as text are bytes.
    """
    if edited == shown and type(edited) is type(shown):
        return original
    if isinstance(edited, dict) and isinstance(shown, dict) and isinstance(original, dict):
        if len(shown) != len(original):
            return edited
        names = dict(zip(shown, original, strict=True))  # a name may be shown redacted, in the same place
        return {
            names.get(key, key): restored(one, shown[key], original[names[key]]) if key in shown else one
            for key, one in edited.items()
        }
    if isinstance(edited, list) and isinstance(shown, list) and isinstance(original, list | tuple):
        pairs = zip(shown, original, strict=False)
        return [restored(one, *pair) if (pair := next(pairs, None)) is not None else one for one in edited]
    return edited
