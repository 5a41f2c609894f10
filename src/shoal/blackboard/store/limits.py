"""How much a region takes: limits that keep one careless writer from hurting all others."""

from __future__ import annotations

from typing import Final, NamedTuple

from shoal.runtime.config import MIB

YEAR_S: Final = 365 * 86400.0
"""The longest lease, delay or backoff."""
MOST_ATTEMPTS: Final = 1_000_000
LONGEST_ERROR: Final = 4_000
"""Characters kept of why an attempt failed."""


class Limits(NamedTuple):
    """What one operation may ask of a region. All are refused beyond, but for pages, which end there."""

    key_bytes: int = 1024
    """Of a key or prefix in UTF-8."""
    value_bytes: int = MIB
    """Of a value's payload."""
    entries_per_commit: int = 10_000
    """Steps of a transaction, and entries it or a :class:`DeletePrefix` writes."""
    page: int = 10_000
    """Versions in one answer."""
    page_bytes: int = 8 * MIB
    """Of the versions in one answer; a page has at least one version."""
    tags: int = 32
    """Tags of an item or a claim, and predicates of a claim."""
    depends_on: int = 1_000
    """Items that one waits for."""
    wide_steps: int = 64
    """Range and DeletePrefix steps in one transaction."""
