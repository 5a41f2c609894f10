"""The ids of traces: a task is a trace, each of its messages a span, and so is what happens while one is handled.

They follow from what they are about, so that everything that reads a journal, or exports it a second time, has the
same. Traces have 16 bytes and spans 8, as in OpenTelemetry.
"""

from __future__ import annotations

from hashlib import blake2b

TRACE_BYTES, SPAN_BYTES = 16, 8


def trace_id(run: str, task: str) -> str:
    """The trace of a task of a run: 32 hex digits."""
    return blake2b(_bytes(f"{run}\0{task}"), digest_size=TRACE_BYTES).hexdigest()


def message_span_id(message_id: bytes | str) -> str:
    """The span of a message's handling: 16 hex digits. The message's id as bytes or hex digits."""
    given = bytes.fromhex(message_id) if isinstance(message_id, str) else message_id
    return blake2b(given, digest_size=SPAN_BYTES).hexdigest()


def span_id(message_id: bytes, kind: str, key: str) -> bytes:
    """The span of what happens while a message is handled, told from others of its kind there by ``key``."""
    return blake2b(message_id + _bytes(f"{kind}\0{key}"), digest_size=SPAN_BYTES).digest()


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
