"""The work items that can be claimed now, so ordered that the best for a claim is found without looking at the rest.

One queue for each folder of a key (``""``, ``"a/"``, ``"a/b/"`` for ``"a/b/c"``) and each tag: a claim by one folder
and one tag takes the head of a queue, O(log n). Claims by several tags look through the shortest of their queues,
claims by a prefix that is no folder through the folder's. Queues are heaps that forget lazily: with sorted lists, in
which any entry can be removed, a claim and a completion took a third longer.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Final

from shoal.blackboard.version import Version

_ANY: Final = ""
"""Stands for all tags; no tag is empty."""
_DEEPEST: Final = 4
"""Folders below this depth have no queue of their own, or one key of slashes would have a thousand."""
_SLACK: Final = 64

_Rank = tuple[int, int, str]
"""Highest priority first, then the oldest, then by key: items posted by one transaction are equally old."""
_Name = tuple[str, str]
"""Folder and tag."""


class _Queue:
    """A heap of ranks. One that is not the rank of its key's place any more is stale."""

    __slots__ = ("count", "heap", "name")

    def __init__(self, name: _Name) -> None:
        self.name = name
        self.heap: list[_Rank] = []
        self.count = 0
        """Ranks that are not stale."""


class Ready:
    """The items that can be claimed now."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[_Rank, list[_Queue]]] = {}
        self._queues: dict[_Name, _Queue] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def add(self, version: Version) -> None:
        """Add an item; it is not there yet."""
        item, key = version.item, version.key
        assert item is not None
        rank = (-item.priority, version.create_revision, key)
        queues: list[_Queue] = []
        for folder in _folders(key):
            for tag in (_ANY, *item.tags):
                name = (folder, tag)
                queue = self._queues.get(name)
                if queue is None:
                    queue = self._queues[name] = _Queue(name)
                heappush(queue.heap, rank)
                queue.count += 1
                queues.append(queue)
        self._places[key] = rank, queues

    def discard(self, key: str) -> None:
        """Take an item out, if it is there."""
        place = self._places.pop(key, None)
        if place is None:
            return
        for queue in place[1]:
            queue.count -= 1
            if not queue.count:
                del self._queues[queue.name]
            elif len(queue.heap) > 2 * queue.count + _SLACK:
                queue.heap = [rank for rank in queue.heap if self._is_current(rank)]
                heapify(queue.heap)

    def best(self, prefix: str, tags: tuple[str, ...], fits: Callable[[str], bool] | None) -> str | None:
        """The key of the best item under ``prefix`` that ``fits`` accepts; it is asked only about items with at least
        one of the ``tags``, if there are any."""
        queue = self._shortest(_folders(prefix)[-1], tags or (_ANY,))
        if queue is None:
            return None
        heap, passed, found = queue.heap, list[_Rank](), None
        while heap and found is None:
            rank = heap[0]
            key = rank[2]
            if not self._is_current(rank):
                heappop(heap)
            elif key.startswith(prefix) and (fits is None or fits(key)):
                found = key
            else:
                passed.append(heappop(heap))
        if heap:
            for rank in passed:
                heappush(heap, rank)
        else:
            heap.extend(passed)  # in order, so it is a heap
        return found

    def _shortest(self, folder: str, tags: tuple[str, ...]) -> _Queue | None:
        """The shortest of the queues of a folder's tags; ``None``: no item there has one of them."""
        shortest: _Queue | None = None
        for tag in tags:
            queue = self._queues.get((folder, tag))
            if queue is None:
                return None
            if shortest is None or queue.count < shortest.count:
                shortest = queue
        return shortest

    def _is_current(self, rank: _Rank) -> bool:
        place = self._places.get(rank[2])
        return place is not None and place[0] is rank  # an item that came back has another, equal one


def _folders(key: str) -> list[str]:
    folders = [""]
    end = key.find("/") + 1
    while end and len(folders) <= _DEEPEST:
        folders.append(key[:end])
        end = key.find("/", end) + 1
    return folders
