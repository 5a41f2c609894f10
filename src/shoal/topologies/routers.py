"""Routers: which worker gets a message. Each is asked with the message and what the orchestrator knows; pure.

A router is any callable ``(message, workers) -> name``, where ``workers`` are the :class:`WorkerView` of
those that accept the message's type. The ones here keep at most a counter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class WorkerView:
    """What the orchestrator knows of one worker."""

    name: str
    capabilities: tuple[str, ...]
    open: int = 0
    """Tasks given and not yet answered."""
    done: int = 0


Router = Callable[[Any, Sequence[WorkerView]], str]


class LeastLoaded:
    """The worker with the fewest open tasks; among equals the one with the fewest done, then by order."""

    def __call__(self, message: Any, workers: Sequence[WorkerView]) -> str:
        """Choose."""
        return min(workers, key=lambda worker: (worker.open, worker.done)).name


class RoundRobin:
    """One after the other."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self, message: Any, workers: Sequence[WorkerView]) -> str:
        """Choose."""
        self._next += 1
        return workers[(self._next - 1) % len(workers)].name


class ByField:
    """The worker that is named by a field of the message, or has its value among its capabilities."""

    def __init__(self, field: str) -> None:
        self.field = field

    def __call__(self, message: Any, workers: Sequence[WorkerView]) -> str:
        """Choose; an empty string when nobody fits (the fallback's case)."""
        wanted = message.get(self.field) if isinstance(message, dict) else getattr(message, self.field, None)
        for worker in workers:
            if worker.name == wanted:
                return worker.name
        able = [worker for worker in workers if wanted in worker.capabilities]
        return LeastLoaded()(message, able) if able else ""
