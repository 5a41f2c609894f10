"""Who works next on which task of a swarm. Pure: nothing waits, nobody is asked.

Tasks with items take turns, so that one with a thousand items does not keep one with a single item waiting. Agents
that take the same types form a group; an item is for one or several groups.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any, Protocol

from shoal.runtime.ref import Ref


class Hand:
    """One agent of a swarm, with as many items at once as it has slots."""

    def __init__(self, name: str, ref: Ref, group: int, slots: int) -> None:
        self.name = name
        self.ref = ref
        self.group = group
        self.slots = slots
        self.busy = 0
        self.enlisted = True
        """Whether it may get items."""


class Hungry(Protocol):
    """A task as the crew sees it."""

    def is_hungry(self, group: int) -> bool:
        """Whether it has items for one more hand of the group."""

    def may_have(self, hand: Hand) -> bool:
        """Whether this hand may work on it."""

    def assign(self, hand: Hand) -> None:
        """The hand is the task's until it is given back."""


class Crew:
    """The hands of a swarm and the tasks that want them."""

    def __init__(self, hands: Iterable[Hand]) -> None:
        self.hands: dict[str, Hand] = {}
        self._free: dict[int, deque[Hand]] = {}
        self._hungry: dict[int, dict[Hungry, None]] = {}
        for hand in hands:
            self.join(hand)

    @property
    def enlisted(self) -> list[Hand]:
        """Those who may get items."""
        return [hand for hand in self.hands.values() if hand.enlisted]

    def join(self, hand: Hand) -> None:
        """A new hand, or one that comes back."""
        self.hands[hand.name] = hand
        hand.enlisted = True
        free = self._free.setdefault(hand.group, deque())
        free.extend([hand] * (hand.slots - hand.busy - free.count(hand)))
        self._match(hand.group)

    def leave(self, hand: Hand) -> None:
        """It gets no more items; what it has, it finishes."""
        hand.enlisted = False

    def want(self, task: Hungry) -> None:
        """A task may have items for somebody."""
        for group in self._free:
            if task.is_hungry(group):
                self._hungry.setdefault(group, {})[task] = None
                self._match(group)

    def forget(self, task: Hungry) -> None:
        """A task is over."""
        for tasks in self._hungry.values():
            tasks.pop(task, None)

    def give_back(self, hand: Hand) -> None:
        """A hand has done with an item."""
        hand.busy -= 1
        if hand.enlisted:
            self._free[hand.group].append(hand)
            self._match(hand.group)

    def _match(self, group: int) -> None:
        free, tasks = self._free[group], self._hungry.get(group, {})
        skipped: list[Any] = []
        while free and tasks:
            task = next(iter(tasks))
            del tasks[task]
            if not task.is_hungry(group):
                continue
            hand = self._take(free, task)
            if hand is None:
                skipped.append(task)  # until another hand is free
                continue
            hand.busy += 1
            task.assign(hand)
            if task.is_hungry(group):
                tasks[task] = None  # behind the others
        tasks.update(dict.fromkeys(skipped))

    @staticmethod
    def _take(free: deque[Hand], task: Hungry) -> Hand | None:
        """The hand that has been free the longest, of those that the task may have."""
        for _ in range(len(free)):
            hand = free.popleft()
            if not hand.enlisted:
                continue
            if task.may_have(hand):
                return hand
            free.append(hand)
        return None
