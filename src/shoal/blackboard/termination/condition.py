"""When work on a region is over: conditions as data, combined with ``|`` (any) and ``&`` (all at the same time).

::

    ended = await board.until(Quiescence() | NoImprovement("plan/", "score", revisions=20) | TimeLimit(300))
    print(ended.condition, ended.reason)

A condition is frozen data that travels. What it comes to is found by its *check*, a machine without a clock or a
board::

    check = condition.begin(now)
    check.found(version)              each entry that is there when it begins, under ``condition.reads``
    check.see(version, now)           each change after that, in order
    check.verdict(situation, now)     -> Verdict, or None: not yet

Each kind of condition has a module beside this one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeGuard

from pydantic import BaseModel, ConfigDict

from shoal.blackboard.requests import Status
from shoal.blackboard.version import Version
from shoal.runtime.codec import message
from shoal.runtime.errors import ConfigError


@message("shoal.ended")
class Ended(BaseModel):
    """What ended the work on a region, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str
    """What held, in words and figures."""
    condition: str
    """Which condition it was; of several that hold at once, the first."""
    revision: int
    """Everything up to this revision was considered."""
    after_s: float
    """Seconds since the waiting, or the team, began."""


class Situation(NamedTuple):
    """What a verdict may look at beside the changes."""

    revision: int
    """Up to which everything was seen."""
    statuses: tuple[Status, ...] = ()
    """How the regions are now, at ``revision``; empty: nobody has looked."""
    waiting: int = 0
    """Activations of knowledge sources that wait or run."""
    performed: int = 0
    """Activations that were begun so far."""


class Verdict(NamedTuple):
    """It is over."""

    condition: str
    reason: str


class Check(Protocol):
    """One condition being checked. Mutable; see the module."""

    def again(self) -> None:
        """What was seen so far does not count: everything that is there is going to be ``found`` once more."""
        return

    def found(self, version: Version) -> None:
        """An entry that is there. Those under other prefixes come too."""
        return

    def see(self, version: Version, now: float) -> None:
        """A change. Those under other prefixes come too."""
        return

    def verdict(self, situation: Situation, now: float) -> Verdict | None:
        """Whether it is over."""

    def due(self) -> float | None:
        """When the verdict may be another one although nothing changes."""
        return None

    def progress(self, now: float) -> str:
        """How far it is, for whoever waited in vain."""

    def save(self) -> Any:
        """What it remembers, msgpack-native: for a check that outlives its process."""
        return None

    def restore(self, saved: Any) -> None:
        """Go on from what :meth:`save` gave. Raises whatever a value of another shape makes it raise."""
        return


class Termination(ABC):
    """A condition: frozen data."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Prefixes whose entries and changes it has to see."""
        return ()

    @property
    def wants_status(self) -> bool:
        """Whether its verdict needs the status: then every change of the region may matter."""
        return False

    @property
    def certain(self) -> bool:
        """Whether it ends in any case, whatever happens on the board."""
        return False

    @abstractmethod
    def begin(self, now: float) -> Check:
        """A new check that begins now."""

    def __or__(self, other: Termination) -> Termination:
        return AnyOf((*_parts(self, AnyOf), *_parts(_checked(other), AnyOf)))

    def __and__(self, other: Termination) -> Termination:
        return AllOf((*_parts(self, AllOf), *_parts(_checked(other), AllOf)))


@dataclass(frozen=True)
class _Combined(Termination):
    parts: tuple[Termination, ...]

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(prefix for part in self.parts for prefix in part.reads)

    @property
    def wants_status(self) -> bool:
        return any(part.wants_status for part in self.parts)


class AnyOf(_Combined):
    """Over as soon as one of its parts is: ``a | b``."""

    @property
    def certain(self) -> bool:
        """One that is certain is enough."""
        return any(part.certain for part in self.parts)

    def begin(self, now: float) -> Check:
        """Checks all parts."""
        return _AnyCheck([part.begin(now) for part in self.parts])

    def __str__(self) -> str:
        return " | ".join(map(str, self.parts))


class AllOf(_Combined):
    """Over when all of its parts are at the same moment: ``a & b``. It does not count that one held before."""

    @property
    def certain(self) -> bool:
        """Only those that stay true once they are can be waited for together: a limit of time."""
        return all(part.certain for part in self.parts)

    def begin(self, now: float) -> Check:
        """Checks all parts."""
        return _AllCheck([part.begin(now) for part in self.parts])

    def __str__(self) -> str:
        return " & ".join(f"({part})" if isinstance(part, AnyOf) else str(part) for part in self.parts)


class _CombinedCheck(Check):
    def __init__(self, parts: list[Check]) -> None:
        self._parts = parts

    def again(self) -> None:
        for part in self._parts:
            part.again()

    def found(self, version: Version) -> None:
        for part in self._parts:
            part.found(version)

    def see(self, version: Version, now: float) -> None:
        for part in self._parts:
            part.see(version, now)

    def _verdicts(self, situation: Situation, now: float) -> list[Verdict | None]:
        # All of them, also behind one that decides: a check may note since when something is so.
        return [part.verdict(situation, now) for part in self._parts]

    def due(self) -> float | None:
        return min((due for part in self._parts if (due := part.due()) is not None), default=None)

    def save(self) -> Any:
        return [part.save() for part in self._parts]

    def restore(self, saved: Any) -> None:
        for part, of_part in zip(self._parts, saved, strict=True):
            part.restore(of_part)

    def progress(self, now: float) -> str:
        return "; ".join(part.progress(now) for part in self._parts)


class _AnyCheck(_CombinedCheck):
    def verdict(self, situation: Situation, now: float) -> Verdict | None:
        return next((one for one in self._verdicts(situation, now) if one is not None), None)


class _AllCheck(_CombinedCheck):
    def verdict(self, situation: Situation, now: float) -> Verdict | None:
        verdicts = self._verdicts(situation, now)
        if not _all_hold(verdicts):
            return None
        return Verdict(
            " & ".join(one.condition for one in verdicts), "; ".join(one.reason for one in verdicts)
        )


def _all_hold(verdicts: list[Verdict | None]) -> TypeGuard[list[Verdict]]:
    return all(one is not None for one in verdicts)


def _checked(other: Any) -> Termination:
    if not isinstance(other, Termination):
        raise ConfigError(f"{other!r} is no condition: give a shoal.Quiescence(), shoal.TimeLimit(60), ...")
    return other


def _parts(condition: Termination, kind: type[_Combined]) -> tuple[Termination, ...]:
    return condition.parts if isinstance(condition, kind) else (condition,)


def check_positive(name: str, **numbers: Any) -> None:
    """Raise ``ConfigError`` for a figure of a condition that is no positive number."""
    for field, number in numbers.items():
        if type(number) not in (int, float) or not 0 < number < float("inf"):
            raise ConfigError(f"{name}: {field} is {number!r}; it must be a positive number")


Clock = Callable[[], float]
"""Wall-clock seconds that do not go back."""
