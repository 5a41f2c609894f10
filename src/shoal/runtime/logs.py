"""Structured logs: what is logged while a message is handled carries agent, task and message id.

Loggers are the standard library's, under ``shoal``; structlog renders them: readable on a terminal, JSON lines
(``SHOAL_LOG=json``) for machines. Message contents are never logged, and secrets that an error quotes are redacted.
What comes from others (names, tags, error texts) can neither begin a line of its own nor command the terminal.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import structlog

from shoal.runtime.context import Context
from shoal.runtime.errors import ConfigError
from shoal.runtime.redaction import redact, redact_data
from shoal.runtime.ref import current_sender

_PLAIN = (str, int, float, bool, type(None), dict, list, tuple)


class _AddContext(logging.Filter):
    """Puts agent, task and message of the running handler on each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        sender = current_sender.get(None)
        if isinstance(sender, Context):
            record.__dict__.setdefault("agent", sender.address)
            if sender.task is not None:
                record.__dict__.setdefault("task", sender.task)
            if sender.message is not None:
                record.__dict__.setdefault("message_id", sender.message.hex_id)
        return True


def _pick(logger: Any, name: str, event: Any) -> Any:
    record = event.get("_record")
    if record is not None:
        for key in ("agent", "task", "message_id"):
            value = record.__dict__.get(key)
            if value is not None:
                event[key] = value
    return event


def set_up_logs(level: str | None = None) -> None:
    """Attach shoal's handler to the ``shoal`` logger once; the level is ``SHOAL_LOG_LEVEL``, else WARNING.

    Raises :class:`ConfigError` for a level that is none.
    """
    logger = logging.getLogger("shoal")
    if any(getattr(handler, "shoal", False) for handler in logger.handlers):
        return
    as_json = os.environ.get("SHOAL_LOG", "") == "json"
    renderer: Any = structlog.processors.JSONRenderer() if as_json else _Console()
    handler = logging.StreamHandler(sys.stderr)
    handler.shoal = True  # type: ignore[attr-defined]
    handler.addFilter(_AddContext())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _pick,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info if as_json else _same,
                _redact if as_json else _same,
                renderer,
            ],
        )
    )
    wanted = level or os.environ.get("SHOAL_LOG_LEVEL") or "WARNING"
    try:
        logger.setLevel(wanted.upper())
    except ValueError as exc:
        raise ConfigError(
            f"SHOAL_LOG_LEVEL is {wanted!r}; give DEBUG, INFO, WARNING, ERROR or CRITICAL"
        ) from exc
    logger.addHandler(handler)
    logger.propagate = False


class _Console:
    """Lines for a terminal."""

    def __init__(self) -> None:
        self._render = structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        )

    def __call__(self, logger: Any, name: str, event: Any) -> str:
        return contained(redact(str(self._render(logger, name, event))))


def contained(text: str) -> str:
    """Text as one entry of a log: lines after its first are indented, what is not printable is escaped."""
    if text.isprintable():
        return text
    return "".join(map(_contained, text.rstrip("\n")))


def _contained(character: str) -> str:
    if character == "\n":
        return "\n    "
    if character.isprintable() or character == "\t":
        return character
    return character.encode("unicode_escape").decode()


def _redact(logger: Any, name: str, event: Any) -> Any:
    """Before it is written as JSON, which would hide secrets in its own marks."""
    return {
        key: redact_data(value if isinstance(value, _PLAIN) else repr(value)) for key, value in event.items()
    }


def _same(logger: Any, name: str, event: Any) -> Any:
    return event
