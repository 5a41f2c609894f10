"""Routers: which worker gets a message. Each is asked with the message and what the orchestrator knows; pure.

A router is any callable ``(message, workers) -> name``, where ``workers`` are the :class:`WorkerView` of those that
accept the message's type (and, where a label or capability is asked for, have it). The ones here keep at most a
counter. A :class:`Learner`, as :class:`~shoal.topologies.work.bandit.Bandit`, is told how each message has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from shoal.runtime.errors import ConfigError


@dataclass(slots=True)
class WorkerView:
    """What the orchestrator knows of one worker."""

    name: str
    capabilities: tuple[str, ...]
    open: int = 0
    """Tasks given and not yet answered."""
    done: int = 0
    """Those that ended, failures included."""
    failed: int = 0

    def has(self, label: Any) -> bool:
        """Whether it is called that, or declares the capability."""
        return self.name == label or label in self.capabilities


Router = Callable[[Any, Sequence[WorkerView]], str]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a message has ended that a worker was given."""

    ok: bool
    """Whether the worker answered."""
    took_s: float
    """From the ask to its end, waiting included."""
    answer: Any = None
    """What it answered; ``None`` when it did not."""
    label: str = ""
    """What the message was about, or what it needed; empty where nobody said."""


@runtime_checkable
class Learner(Protocol):
    """A router that wants to know what comes of its choices, and what a message is about."""

    def choose(self, message: Any, workers: Sequence[WorkerView], label: str) -> str:
        """In place of a call."""

    def learn(self, message: Any, name: str, outcome: Ended) -> None:
        """One message that the worker of that name was given has ended."""


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


class ByCapability:
    """A worker that declares the capability that a message needs; among several ``then`` chooses.

    ``needs``: a function of the message, or the capability by the type of the message. What it needs may also be a
    worker's name. A mapping is checked when the team is built: each capability must be somebody's.
    """

    def __init__(self, needs: Callable[[Any], str] | Mapping[type, str], then: Router | None = None) -> None:
        given: Any = needs
        if not callable(given) and not isinstance(given, Mapping):
            raise ConfigError(
                f"ByCapability: {needs!r} is neither a function of the message nor a mapping from types to capabilities"
            )
        self._needs = needs
        self._then = then or LeastLoaded()
        self._learner: Learner | None = self._then if isinstance(self._then, Learner) else None

    @property
    def declared(self) -> dict[type, str]:
        """The capability by type, as far as it can be known before a message is there."""
        return dict(self._needs) if isinstance(self._needs, Mapping) else {}

    def __call__(self, message: Any, workers: Sequence[WorkerView]) -> str:
        """Choose; an empty string when nobody fits (the fallback's case)."""
        wanted = self._wanted(message)
        able = [worker for worker in workers if wanted and worker.has(wanted)]
        if not able:
            return ""
        return (
            self._then(message, able)
            if self._learner is None
            else self._learner.choose(message, able, wanted)
        )

    def choose(self, message: Any, workers: Sequence[WorkerView], label: str) -> str:
        """The same; what the message needs it finds out itself."""
        return self(message, workers)

    def learn(self, message: Any, name: str, outcome: Ended) -> None:
        """Passed on to the router that chose among several."""
        if self._learner is not None:
            self._learner.learn(message, name, replace(outcome, label=self._wanted(message)))

    def _wanted(self, message: Any) -> str:
        needs = self._needs
        return needs.get(type(message), "") if isinstance(needs, Mapping) else needs(message)
