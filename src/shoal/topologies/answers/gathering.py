"""The answers to one task as they come in: when there are enough of them, and what is missing. Pure.

Enough is one of: everybody answered or failed; ``need`` usable answers are there and the aggregate can decide on them;
the outcome is the same whatever the others say; so many failed that the quorum cannot be reached any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shoal.topologies.answers.aggregate import Aggregate
from shoal.topologies.errors import QuorumMissed
from shoal.topologies.wiring.excerpt import excerpt, excerpts

_WHY_SHOWN = 300
_LISTED = 3


@dataclass(frozen=True)
class Enough:
    """When answers are enough; see :func:`~.fan_out.fan_out`."""

    need: int
    quorum: int
    early: bool


class Gathering:
    """Of one task."""

    def __init__(self, members: Sequence[str], enough: Enough, aggregate: Aggregate, message: Any) -> None:
        self._members = members
        self._enough = enough
        self._aggregate = aggregate
        self._message = message
        self._answers: dict[str, Any] = {}
        self._votes: dict[str, str] = {}
        self.waiting = dict.fromkeys(members)
        self.missing: dict[str, str] = {}
        """Why, by name."""
        self.done = False

    @property
    def answers(self) -> dict[str, Any]:
        """Those that can be used, in the members' order: it does not matter which came first."""
        if not self.waiting and not self.missing and list(self._answers) == list(self._members):
            return self._answers
        return {name: self._answers[name] for name in self._members if name in self._answers}

    def take(self, name: str, answer: Any) -> bool:
        """An answer came; returns whether that is enough."""
        if self.done:
            return True  # it came in the same turn of the loop as the last that was needed
        why = self._aggregate.objection(answer)
        if why:
            return self.fail(name, why)
        self.waiting.pop(name, None)
        self._answers[name] = answer
        if self._aggregate.settles:
            self._votes[name] = self._aggregate.vote(answer)
        self._look()
        return self.done

    def fail(self, name: str, why: str) -> bool:
        """A member gives no usable answer; returns whether that is enough."""
        if self.done:
            return True
        self.waiting.pop(name, None)
        self.missing[name] = excerpt(why, _WHY_SHOWN)
        self._look()
        return self.done

    def close(self, why: str) -> None:
        """Nobody is waited for any more."""
        self.missing |= dict.fromkeys(self.waiting, why)
        self.waiting = {}
        self.done = True

    def partial(self) -> bool:
        """Whether those who are missing could have changed the outcome."""
        return bool(self.missing) and not self._settled()

    def check_quorum(self) -> None:
        """Raises :class:`QuorumMissed`."""
        needed = self._enough.quorum
        if len(self._answers) >= needed or self._settled():
            return
        reasons = [f"{name}: {why}" for name, why in self.missing.items()]
        more = f"; and {len(reasons) - _LISTED} more" if len(reasons) > _LISTED else ""
        raise QuorumMissed(
            f"{len(self._answers)} of {len(self._members)} members gave a usable answer, and {needed} are needed: "
            f"{'; '.join(reasons[:_LISTED])}{more}",
            needed=needed,
            answers=excerpts(self.answers),
            missing=excerpts(self.missing),
        )

    def _look(self) -> None:
        if self.done:
            return
        if not self.waiting:
            self.done = True
        elif len(self._answers) >= self._enough.need and self._decides():
            self.close("not waited for: enough had answered")
        elif self._enough.early and self._settled():
            self.close("not waited for: nothing it could say would change the outcome")
        elif self._hopeless():
            self.close("not waited for: too many had failed")

    def _decides(self) -> bool:
        aggregate = self._aggregate
        return aggregate.decides_always or not aggregate.combine(self._message, self.answers).undecided

    def _settled(self) -> bool:
        """A member that failed counts as one that could have said anything: else a failure could make a majority."""
        aggregate = self._aggregate
        return aggregate.settles and aggregate.settled(self._votes, [*self.waiting, *self.missing])

    def _hopeless(self) -> bool:
        return not self._aggregate.settles and len(self._answers) + len(self.waiting) < self._enough.quorum
