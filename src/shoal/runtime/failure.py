"""Errors across processes: an exception as reply fields without the secrets it quotes, and back as the same class."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Any

import msgpack

from shoal.runtime.errors import HandlerError, ShoalError, error_class
from shoal.runtime.redaction import redact, redact_data, redact_end, redact_start

_TEXT_KEPT = 4 * 1024
_TRACEBACK_KEPT = 16 * 1024
_CAUSE_KEPT = 16 * 1024
"""Characters: an exception may quote all that it was given, and whoever asked gets both."""


def handler_error(exc: BaseException, agent: str, tag: str) -> HandlerError:
    """What the asker of a handler that raised gets: the error's type, text and traceback."""
    if isinstance(exc, HandlerError):
        # It failed further down: the first cause stays in front, and who asked is noted behind it.
        before = exc.details.get("via")
        before = [str(name) for name in before] if isinstance(before, list) else []
        via = [*before, agent]
        text = exc.text.removesuffix(_via(before))
        return type(exc)(redact(text) + _via(via), **redact_data({**exc.details, "via": via}))
    kind = f"{type(exc).__module__}.{type(exc).__qualname__}".removeprefix("builtins.")
    text = "".join(traceback.format_exception(exc))
    return HandlerError(
        f"{agent} raised {kind} on {tag}: {_text(exc)}",
        type=kind,
        agent=agent,
        traceback=redact_end(text, _TRACEBACK_KEPT),
        **_cause(exc),
    )


def _cause(exc: BaseException) -> dict[str, bytes]:
    """One of our own errors as an object, for :attr:`HandlerError.cause`; not one that is too large to go along."""
    if not isinstance(exc, ShoalError):
        return {}
    details = redact_data(exc.details)
    packed = pack_error(ShoalError(redact(exc.text), **details), type(exc).__name__)
    return {"cause": packed} if len(packed) <= _CAUSE_KEPT else {}


def _via(agents: Sequence[str]) -> str:
    return f" (via {' <- '.join(agents)})"


def pack_error(error: ShoalError, kind: str = "") -> bytes:
    """The error as reply payload, of class ``kind`` (its own). Details that msgpack cannot carry travel as ``repr``."""
    details = {key: _plain(value) for key, value in error.details.items()}
    packed: bytes = msgpack.packb([kind or type(error).__name__, _plain(error.text), details])
    return packed


def unpack_error(payload: bytes) -> ShoalError:
    """The error of a reply; one of an unknown class (a newer peer's, a user's own) becomes a :class:`ShoalError`."""
    try:
        name, text, details = msgpack.unpackb(payload)
        if not isinstance(text, str):
            raise TypeError("its text is no string")
        kind = error_class(name)
        try:
            return kind(text, **details)
        except Exception:  # a user's class, made in a way of its own
            return ShoalError(text, **details)
    except Exception as exc:  # a peer's bytes: anything may be wrong with them
        return ShoalError(f"an error came back that cannot be read: {exc}")


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        # Lone surrogates (a file name that is not UTF-8, say) have no encoding.
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    if value is None or isinstance(value, int | float | bytes):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if type(value) is dict:
        return {str(key): _plain(item) for key, item in value.items()}
    return _plain(repr(value))


def _text(exc: BaseException) -> str:
    try:
        text = str(exc)
    except Exception as broken:  # an exception's own __str__ may raise anything
        return f"(its text cannot be read: {type(broken).__name__})"
    kept = redact_start(text, _TEXT_KEPT)
    return kept if len(text) <= _TEXT_KEPT else f"{kept}... ({len(text):,} characters)"
