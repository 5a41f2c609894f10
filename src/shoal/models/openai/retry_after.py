"""How long a server wants to be left alone, from the headers of its answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds from now; ``None`` when the server does not say it, or says nothing one can read.

    ``retry-after-ms`` (OpenAI, Azure) goes before ``retry-after``, which is seconds or an HTTP date (RFC 9110, 10.2.3).
    A date is counted from the server's own ``date`` where it has one, else from ``now`` (wall clock): the clocks may
    differ.
    """
    milliseconds = _seconds(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    said = headers.get("retry-after")
    seconds = _seconds(said)
    if seconds is not None or said is None:
        return seconds
    until = _moment(said)
    since = _moment(headers.get("date", ""))
    return None if until is None else max(0.0, until - (now if since is None else since))


def _seconds(text: str | None) -> float | None:
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _moment(text: str) -> float | None:
    try:
        when: datetime = parsedate_to_datetime(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
