"""A recorded answer as JSON, without the classes it was made of. Pure."""

from __future__ import annotations

from typing import Any

import msgpack
from pydantic_core import from_json, to_json

from shoal.runtime.errors import InvalidMessage


def output_of(tag: str, payload: bytes) -> Any:
    """The JSON value of an answer, as the ledger has it: its tag and its msgpack bytes.

    A model is the object of its fields. Bytes are base64 text; NaN and the infinities, which JSON has not, are the
    texts ``NaN``, ``Infinity`` and ``-Infinity``; keys are text. Raises :class:`InvalidMessage`: the bytes are damaged.
    """
    if not tag:
        return None
    try:
        value = msgpack.unpackb(payload, strict_map_key=False)
        # By way of text: as an object, pydantic-core 2.x leaves NaN in a list what it is.
        return from_json(to_json(value, bytes_mode="base64", inf_nan_mode="strings", serialize_unknown=True))
    except Exception as exc:  # msgpack raises ValueError, its own classes and UnicodeDecodeError
        raise InvalidMessage(f"message {tag}: payload is damaged ({type(exc).__name__}: {exc})") from exc
