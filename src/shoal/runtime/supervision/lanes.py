"""Who may go on when: lanes of work, each doing one thing at a time, in order.

A supervisor in OTP does one thing at a time and its mailbox holds the rest. That is one lane. Where children do not
concern each other (``one_for_one``, ``simple_one_for_one``) each child has a lane of its own, because a start takes
half a second here: eight children that die together come back together, not one after the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from shoal.runtime.supervision.steps import Answer, Procedure

Job = TypeVar("Job")


class Lane(Generic[Job]):
    """Work in line, and the procedure that has its turn."""

    __slots__ = ("key", "procedure", "queue")

    def __init__(self, key: str | None) -> None:
        self.key = key
        self.queue: deque[Job] = deque()
        self.procedure: Procedure | None = None


class Lanes(Generic[Job]):
    """All lanes of a supervisor; ``None`` is the key of the common one, held until :meth:`release`."""

    def __init__(self, make: Callable[[str | None, Job], Procedure | None]) -> None:
        """``make`` turns a job whose turn it is into its procedure, or into nothing when it is void."""
        self._make = make
        self._held = True
        self._lanes: dict[str | None, Lane[Job]] = {}
        self._waiting: dict[int, Lane[Job]] = {}
        self._ready: deque[Lane[Job]] = deque()

    def put(self, key: str | None, job: Job) -> None:
        """Put a job in line."""
        lane = self._lane(key)
        lane.queue.append(job)
        self._ready.append(lane)

    def run(self, procedure: Procedure) -> None:
        """Give the common lane this procedure, before all that waits there."""
        lane = self._lane(None)
        lane.procedure = procedure
        self._advance(lane, None)

    def release(self) -> None:
        """Jobs of the common lane may have their turn now."""
        self._held = False
        self._ready.append(self._lane(None))

    def answer(self, token: int, answer: Answer) -> None:
        """What a procedure waits for has come; nothing where none does."""
        lane = self._waiting.pop(token, None)
        if lane is not None:
            self._advance(lane, answer)

    def turn(self) -> bool:
        """Give one lane that can use it its turn; ``False`` when there is none."""
        while self._ready:
            lane = self._ready.popleft()
            if lane.procedure is not None or (lane.key is None and self._held):
                continue
            if not lane.queue:
                if self._lanes.get(lane.key) is lane:
                    del self._lanes[lane.key]
                continue
            lane.procedure = self._make(lane.key, lane.queue.popleft())
            self._advance(lane, None)
            return True
        return False

    def clear(self) -> None:
        """Drop all work, also what is in the middle of something."""
        for lane in self._lanes.values():
            if lane.procedure is not None:
                lane.procedure.close()
        self._lanes.clear()
        self._waiting.clear()
        self._ready.clear()

    def _lane(self, key: str | None) -> Lane[Job]:
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(key)
        return lane

    def _advance(self, lane: Lane[Job], answer: Answer) -> None:
        if lane.procedure is not None:
            try:
                token = lane.procedure.send(answer)
            except StopIteration:
                lane.procedure = None
            else:
                self._waiting[token] = lane
                return
        self._ready.append(lane)
