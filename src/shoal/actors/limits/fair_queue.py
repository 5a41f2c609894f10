"""Who goes next: higher priority first, then the tasks in turn, and of one task who came first. Pure.

A task that was served goes behind the others of its priority. So within a priority nobody waits for more than one call
of each other task, however many calls a task has waiting.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple

from shoal.actors.limits.amounts import Amounts


class Waiting(NamedTuple):
    """A want that waits."""

    id: str
    endpoint: str
    levels: tuple[str, ...]
    amounts: Amounts
    task: str
    priority: int
    deadline: float | None
    since: float
    number: int
    """How many wanted something before it."""
    model: str = ""
    about: tuple[str, ...] = ()


_Lane = OrderedDict[str, OrderedDict[str, Waiting]]
"""Of one priority: tasks, the next one first; of each what waits, the oldest first."""


class FairQueue:
    """What waits for one endpoint."""

    __slots__ = ("_lanes", "_priorities", "count")

    def __init__(self) -> None:
        self._lanes: dict[int, _Lane] = {}
        self._priorities: list[int] = []
        self.count = 0

    def add(self, waiting: Waiting) -> None:
        """Put it behind the others of its task."""
        lane = self._lanes.get(waiting.priority)
        if lane is None:
            lane = self._lanes[waiting.priority] = OrderedDict()
            self._priorities = sorted(self._lanes, reverse=True)
        lane.setdefault(waiting.task, OrderedDict())[waiting.id] = waiting
        self.count += 1

    def remove(self, waiting: Waiting, *, served: bool = False) -> None:
        """Take it out. When it was ``served``, its task goes behind the others."""
        lane = self._lanes[waiting.priority]
        of_task = lane[waiting.task]
        del of_task[waiting.id]
        self.count -= 1
        if not of_task:
            del lane[waiting.task]
        elif served:
            lane.move_to_end(waiting.task)
        if not lane:
            del self._lanes[waiting.priority]
            self._priorities = sorted(self._lanes, reverse=True)

    def order(self) -> Iterator[Waiting]:
        """All of them, in the order in which they go if all can. Nothing may be added or removed meanwhile."""
        for priority in self._priorities:
            turn = []
            for of_task in self._lanes[priority].values():
                rest = iter(of_task.values())
                yield next(rest)
                turn.append(rest)
            while turn:
                later = []
                for rest in turn:
                    waiting = next(rest, None)
                    if waiting is not None:
                        yield waiting
                        later.append(rest)
                turn = later
