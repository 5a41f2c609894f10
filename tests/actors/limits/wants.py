"""Wants, as the tests of limits make them."""

from __future__ import annotations

from typing import Any

from shoal.actors.limits.book import Book, Denied, Granted
from shoal.models.permits import Budget, Level, Want


def want(*levels: str | Level, endpoint: str = "e", **fields: Any) -> Want:
    """One of ten tokens and a thousandth of a dollar, unless told otherwise."""
    settings: dict[str, Any] = {"model": "m", "tokens": 10, "usd": 0.001, **fields}
    named = tuple(Level(level) if isinstance(level, str) else level for level in levels)
    return Want(endpoint=endpoint, levels=named, **settings)


def limited(name: str, **budget: Any) -> Level:
    """A level with its budget."""
    return Level(name, Budget(**budget))


def granted(book: Book, now: float) -> list[str]:
    """Who may go now."""
    return [decision.id for decision in book.serve(now) if isinstance(decision, Granted)]


def denied(book: Book, now: float) -> list[Denied]:
    """Who never will."""
    return [decision for decision in book.serve(now) if isinstance(decision, Denied)]
