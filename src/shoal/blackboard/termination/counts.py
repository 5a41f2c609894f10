"""Enough of something: keys, or work items that are done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shoal.blackboard.termination.condition import Check, Situation, Termination, Verdict, check_positive
from shoal.blackboard.version import Version


@dataclass(frozen=True)
class CountReached(Termination):
    """There are at least ``count`` keys under ``prefix``."""

    prefix: str
    count: int

    def __post_init__(self) -> None:
        check_positive("CountReached", count=self.count)

    @property
    def reads(self) -> tuple[str, ...]:
        """Its prefix."""
        return (self.prefix,)

    def begin(self, now: float) -> Check:
        """See the class."""
        return _CountCheck(self, "keys")

    def __str__(self) -> str:
        return f"CountReached({self.prefix!r}, {self.count})"


@dataclass(frozen=True)
class ItemsDone(CountReached):
    """At least ``count`` work items under ``prefix`` are done.

    One that is deleted after it was done still counts, if it was there when the waiting began or came later.
    """

    def begin(self, now: float) -> Check:
        """See the class."""
        return _DoneCheck(self, "done items")

    def __str__(self) -> str:
        return f"ItemsDone({self.prefix!r}, {self.count})"


class _CountCheck(Check):
    """Counts without remembering keys: what it costs does not grow with them."""

    def __init__(self, condition: CountReached, what: str) -> None:
        self._condition = condition
        self._what = what
        self._count = 0

    def again(self) -> None:
        self._count = 0

    def found(self, version: Version) -> None:
        if version.key.startswith(self._condition.prefix):
            self._count += self._counts(version)

    def _counts(self, version: Version) -> bool:
        return True

    def see(self, version: Version, now: float) -> None:
        if version.key.startswith(self._condition.prefix):
            if version.deleted:
                self._count -= 1
            elif version.version == 1:
                self._count += 1

    def verdict(self, situation: Situation, now: float) -> Verdict | None:
        if self._count < self._condition.count:
            return None
        return Verdict(
            str(self._condition),
            f"{self._count} {self._what} under {self._condition.prefix!r}, {self._condition.count} were waited for",
        )

    def progress(self, now: float) -> str:
        return f"{self._condition}: {self._count} so far"

    def save(self) -> Any:
        return self._count

    def restore(self, saved: Any) -> None:
        self._count = int(saved)


class _DoneCheck(_CountCheck):
    def _counts(self, version: Version) -> bool:
        return version.item is not None and version.item.state == "done"

    def see(self, version: Version, now: float) -> None:
        if version.key.startswith(self._condition.prefix):
            self._count += self._counts(
                version
            )  # done is the last state of an item: it has this version once
