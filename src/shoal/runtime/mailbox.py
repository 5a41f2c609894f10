"""One agent's bounded queue: three lanes, fair between senders. Pure; the cell around it does the waiting.

- The **system** lane is served first and does not count against the capacity.
- The **priority** lane is served before the normal one. First in, first out holds per sender within a lane.
- Within a lane senders take turns: a sender that floods the mailbox delays its own messages, not those of others.
- At most ``capacity`` messages of the priority and normal lanes wait; what one more does is the overflow policy.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from shoal.runtime.config import Overflow
from shoal.runtime.envelope import LANE_NORMAL, LANE_PRIORITY, LANE_SYSTEM, Envelope

W = TypeVar("W", bound="Waiting")


class Waiting(Protocol):
    """What a mailbox holds: anything with an envelope."""

    envelope: Envelope


class _Turns(Generic[W]):
    """One lane: a queue a sender, served in turns. Every operation is O(1) but ``remove`` and ``drain``."""

    __slots__ = ("queues", "ring")

    def __init__(self) -> None:
        self.queues: dict[str, deque[W]] = {}
        self.ring: deque[deque[W]] = deque()

    def pop(self) -> W:
        ring = self.ring
        queue = ring[0]
        item = queue.popleft()
        if not queue:
            ring.popleft()
            del self.queues[item.envelope.sender]
        elif len(ring) > 1:
            ring.rotate(-1)
        return item

    def pop_oldest_of(self, sender: str) -> W:
        """The oldest of this sender's, or, when it has none waiting, the one next in turn."""
        queue = self.queues.get(sender)
        if queue is None:
            return self.pop()
        item = queue.popleft()
        if not queue:
            self.ring.remove(queue)
            del self.queues[sender]
        return item

    def remove(self, message_id: bytes) -> W | None:
        for sender, queue in self.queues.items():
            for item in queue:
                if item.envelope.id == message_id:
                    queue.remove(item)
                    if not queue:
                        self.ring.remove(queue)
                        del self.queues[sender]
                    return item
        return None


class Mailbox(Generic[W]):
    """The queue. ``len()`` counts what waits in the bounded lanes; truth is whether anything waits at all."""

    __slots__ = ("_lanes", "_size", "_system", "capacity", "overflow")

    def __init__(self, capacity: int, overflow: Overflow = Overflow.BLOCK) -> None:
        if capacity < 1:
            raise ValueError("a mailbox holds at least one message")
        self.capacity = capacity
        self.overflow = overflow
        # Lanes are made on first use: of 100,000 agents in one process most are idle.
        self._lanes: list[_Turns[W] | None] = [None, None, None]
        self._size = 0
        self._system = 0

    def __len__(self) -> int:
        return self._size

    def __bool__(self) -> bool:
        return self._size > 0 or self._system > 0

    @property
    def free(self) -> int:
        """How many more messages the bounded lanes take."""
        return self.capacity - self._size

    def push(self, item: W, reserved: int = 0) -> bool:
        """Put ``item`` in its lane; ``False`` when a bounded lane has no room beyond ``reserved``."""
        envelope = item.envelope
        index = envelope.lane
        if index == LANE_SYSTEM:
            self._system += 1
        elif self._size + reserved >= self.capacity:
            return False
        else:
            self._size += 1
        lane = self._lanes[index]
        if lane is None:
            lane = self._lanes[index] = _Turns()
        queue = lane.queues.get(envelope.sender)
        if queue is None:
            lane.queues[envelope.sender] = queue = deque()
            lane.ring.append(queue)
        queue.append(item)
        return True

    def make_room(self, sender: str) -> W | None:
        """Take out what ``drop_oldest`` sacrifices for a message of ``sender``; the normal lane pays first.

        The sender's own oldest goes first, so that a flood drops its own. ``None`` when nothing waits.
        """
        for index in (LANE_NORMAL, LANE_PRIORITY):
            lane = self._lanes[index]
            if lane is not None and lane.ring:
                self._size -= 1
                return lane.pop_oldest_of(sender)
        return None

    def pop(self) -> W | None:
        """The next message: lanes by priority, senders in turns. ``None`` when nothing waits."""
        if self._system:
            self._system -= 1
            system = self._lanes[LANE_SYSTEM]
            assert system is not None
            return system.pop()
        if not self._size:
            return None
        _, priority, normal = self._lanes
        self._size -= 1
        if priority is not None and priority.ring:
            return priority.pop()
        assert normal is not None
        ring = normal.ring  # _Turns.pop, in line
        queue = ring[0]
        item = queue.popleft()
        if not queue:
            ring.popleft()
            del normal.queues[item.envelope.sender]
        elif len(ring) > 1:
            ring.rotate(-1)
        return item

    def remove(self, message_id: bytes) -> W | None:
        """Take one message out by id (a cancelled ask); ``None`` when it does not wait here. O(waiting)."""
        for index, lane in enumerate(self._lanes):
            item = lane.remove(message_id) if lane is not None else None
            if item is not None:
                if index == LANE_SYSTEM:
                    self._system -= 1
                else:
                    self._size -= 1
                return item
        return None

    def drain(self) -> Iterator[W]:
        """Take everything out, in the order it would have been served."""
        while (item := self.pop()) is not None:
            yield item
