"""What the runtime asks of the floors above it, by name: imports point down, and what is not used is not loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any

import structlog

BOARDS = "shoal.blackboard.opened:Boards"
LLM_AGENTS = "shoal.actors.llm.extension:LLMExtension"
_NEVER_SENT = ("Experiment", "experiments")


@cache
def made(place: str) -> Any:
    """The one object of the class at ``module:Class``, made at its first use."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)()


@cache
def load_public_names() -> None:
    """Load all that ``import shoal`` offers, once.

    An answer may be of a class that only its sender had a use for. Which classes they are is decided here, not by what
    was sent: a tag still imports nothing.
    """
    shoal = import_module("shoal")
    for name in shoal.__all__:
        if name not in _NEVER_SENT:
            with _but_go_on(name):
                getattr(shoal, name)


@cache
def load_errors() -> None:
    """Load all classes of errors, once: which one it was may matter only to its sender."""
    with _but_go_on("errors"):
        import_module("shoal.errors")


@contextmanager
def _but_go_on(name: str) -> Iterator[None]:
    """Who reads what another process sent must not end by a broken installation."""
    try:
        yield
    except Exception:
        structlog.get_logger("shoal.above").exception("a public name cannot be loaded", name=name)
