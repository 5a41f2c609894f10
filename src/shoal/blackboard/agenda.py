"""The agenda of a blackboard's controller: eligible activations, and which of them goes next. Pure: time is an
argument, nothing waits.

The control loop is that of Hearsay-II (Erman, Hayes-Roth, Lesser and Reddy 1980, *Computing Surveys* 12(2)) and BB1
(B. Hayes-Roth 1985, *Artificial Intelligence* 26(3)): changes make knowledge sources eligible, a rating puts the
eligible activations in order, the best one is carried out, and what it changed is looked at before the next choice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from shoal.blackboard.activation import ERRORS_KEPT, Activation, Slot
from shoal.runtime.errors import ConfigError

MOST_BACKOFF_S = 60.0
_TEXT_KEPT = 500


class SourceStatistics(BaseModel):
    """What one knowledge source did so far."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    begun: int = 0
    """Activations that were begun, again ones too."""
    done: int = 0
    failed: int = 0
    """Attempts that failed."""
    dropped: int = 0
    """Activations that were given up after their last attempt."""
    superseded: int = 0
    """Activations that were not begun, or not finished, because their key had changed again."""
    ignored: int = 0
    """Changes that did not wake it because it had used up its ``max_activations``."""
    predicate_errors: int = 0
    """Changes that did not wake it because its ``when`` or ``priority`` raised."""
    last_begun: int = 0
    """The number, among the team's activations, of its newest; 0: none yet."""
    spent: float = 0.0
    """Cost of what was begun."""

    def adding(self, **counts: float) -> SourceStatistics:
        """These figures with some of them grown."""
        return self.model_copy(update={name: getattr(self, name) + by for name, by in counts.items()})


Choice = Callable[[Sequence[Activation], Mapping[str, SourceStatistics], float], Activation | None]
"""Chooses the next of the activations that could be begun now; ``None``: none of them yet."""


@dataclass(frozen=True)
class Rating:
    """The default choice: highest priority, where waiting counts; then the source whose turn was longest ago.

    Every ``aging_s`` seconds of waiting are worth one step of priority, so that nothing waits for ever (``None``: only
    the priority counts). Among equals: the source least recently begun, then the cheaper, then the earlier change.
    """

    aging_s: float | None = 60.0

    def __post_init__(self) -> None:
        if self.aging_s is not None and not 0 < self.aging_s < math.inf:
            raise ConfigError(f"Rating: aging_s is {self.aging_s!r}; it must be a positive number, or None")

    def __call__(
        self, ready: Sequence[Activation], statistics: Mapping[str, SourceStatistics], now: float
    ) -> Activation | None:
        """Choose."""

        def rank(one: Activation) -> tuple[float, int, float, int, str]:
            aged = 0 if self.aging_s is None else max(0.0, now - one.since) // self.aging_s
            known = statistics.get(one.source)
            last_begun = 0 if known is None else known.last_begun
            return (-(one.priority + aged), last_begun, one.cost, one.revision, one.id)

        return min(ready, key=rank, default=None)


class Agenda:
    """Activations that wait or run. Bounded by whoever offers: see :attr:`room`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.waiting: dict[str, Activation] = {}
        self.running: dict[str, Activation] = {}
        self._slots: dict[Slot, str] = {}
        """Of those that a later change replaces: the one that waits."""
        self.changed: set[str] = set()
        """Ids of those that came, changed or went since whoever keeps them elsewhere emptied this."""

    @property
    def room(self) -> bool:
        """Whether another one may be offered. What waits elsewhere meanwhile is on the board."""
        return len(self.waiting) + len(self.running) < self._limit

    @property
    def idle(self) -> bool:
        """Whether nothing waits or runs."""
        return not self.waiting and not self.running

    def __contains__(self, id: object) -> bool:
        return id in self.waiting or id in self.running

    def offer(self, activation: Activation) -> Activation | None:
        """A source became eligible. Returns the one that waited because of an earlier change, whose place this takes:
        it counts as waiting since then."""
        if activation.id in self:
            return None  # the change was seen before
        replaced = None if activation.every else self.withdraw(activation.slot)
        if replaced is not None:
            activation = activation.model_copy(update={"since": min(replaced.since, activation.since)})
        self._put(activation)
        self.changed.add(activation.id)
        return replaced

    def restore(self, activation: Activation) -> None:
        """One that waited before; give them in the order of their ids."""
        self._put(activation)

    def remove(self, id: str) -> None:
        """One that waits is not going to be begun."""
        self._unput(self.waiting[id])
        self.changed.add(id)

    def withdraw(self, slot: Slot) -> Activation | None:
        """A later change makes the source not eligible any more; what was withdrawn, unless it runs already."""
        id = self._slots.pop(slot, None)
        if id is None:
            return None
        self.changed.add(id)
        return self.waiting.pop(id)

    def ready(self, now: float) -> list[Activation]:
        """Those that may be begun."""
        return [one for one in self.waiting.values() if one.not_before <= now]

    def due(self, now: float) -> float | None:
        """When the next of the others may be begun."""
        return min((one.not_before for one in self.waiting.values() if one.not_before > now), default=None)

    def begin(self, id: str) -> Activation:
        """It is carried out now."""
        one = self.waiting[id]
        self._unput(one)
        one = self.running[id] = one.model_copy(update={"tries": one.tries + 1})
        return one

    def end(self, id: str) -> Activation:
        """It was carried out, or is not going to be."""
        self.changed.add(id)
        return self.running.pop(id)

    def fail(self, id: str, error: str, now: float, *, attempts: int, backoff_s: float) -> Activation | None:
        """An attempt failed: it waits for the next one, at a growing distance. Returns it when that was the last."""
        one = self.end(id)
        failures = one.failures + 1
        one = one.model_copy(
            update={
                "failures": failures,
                "errors": (*one.errors, error[:_TEXT_KEPT])[-ERRORS_KEPT:],
                "not_before": now + min(MOST_BACKOFF_S, backoff_s * 2.0 ** min(failures - 1, 30)),
            }
        )
        if failures >= attempts:
            return one
        self._put_back(one)
        return None

    def again(self, id: str) -> None:
        """It was cut off through no fault of its own: it waits for its turn once more."""
        self._put_back(self.end(id))

    def clear(self) -> None:
        """Nothing of it is going to be done."""
        self.changed.update(self.waiting, self.running)
        self.waiting.clear()
        self.running.clear()
        self._slots.clear()

    def _put_back(self, one: Activation) -> None:
        """Of two of one slot the later change waits: each of them may have been running when the other came back."""
        other = self._slots.get(one.slot)
        if other is not None and not one.every:
            if self.waiting[other].revision > one.revision:
                return
            self.remove(other)
        self._put(one)

    def _put(self, one: Activation) -> None:
        self.waiting[one.id] = one
        if not one.every:
            self._slots[one.slot] = one.id

    def _unput(self, one: Activation) -> None:
        del self.waiting[one.id]
        if self._slots.get(one.slot) == one.id:
            del self._slots[one.slot]
