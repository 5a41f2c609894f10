"""A region that is correct, and what concurrent clients record of it, in simulated time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import count
from random import Random

from tests.blackboard.history import Operation
from tests.blackboard.register_model import UNSAID, Answer, Read, Request, Write

History = list[Operation]
Forget = Callable[[Request, Answer], Answer]
"""What a client keeps of an answer."""

PLAIN = ["read", "read", "write", "swap by value", "delete"]
REQUESTS = [*PLAIN, "swap by revision", "delete as seen"]


def told(_: Request, answer: Answer) -> Answer:
    """All that the region says."""
    return answer


def bare(_: Request, answer: Answer) -> Answer:
    """A plain register's answer: without revisions."""
    return answer._replace(revision=None, mod=None)


class Region:
    """A correct region: what is at its keys, and its revision."""

    def __init__(self) -> None:
        self.revision = 0
        self.entries: dict[str, tuple[Hashable, int]] = {}

    def execute(self, key: str, request: Request) -> Answer:
        value, mod = self.entries.get(key, (None, 0))
        if isinstance(request, Read):
            return Answer(revision=self.revision, value=value, mod=mod)
        fits = (
            request.expected_revision in (None, mod)
            and request.expected_value in (UNSAID, value)
            and (request.value is not None or value is not None)
        )
        if not fits:
            return Answer(False, self.revision, value, mod)
        self.revision += 1
        if request.value is None:
            del self.entries[key]
        else:
            self.entries[key] = request.value, self.revision
        return Answer(revision=self.revision)


def simulate(
    random: Random,
    region: Region,
    *,
    operations: int,
    clients: int = 8,
    keys: int = 1,
    lost: float = 0.0,
    values: Iterator[Hashable] | None = None,
    begin: float = 0.0,
    requests: Sequence[str] = REQUESTS,
    forget: Forget = told,
) -> History:
    """What clients record of a correct region: each operation happens at a moment between its call and its return; a
    lost one happens late or never, and its client goes on without knowing."""
    values = count() if values is None else values
    history: History = []
    last: dict[tuple[int, str], Answer] = {}
    turn = count()
    nothing = Operation("", "", Read(), 0.0)
    events = [(begin + random.random(), next(turn), "call", client, nothing) for client in range(clients)]
    heapq.heapify(events)
    called = 0
    while events:
        at, _, what, client, operation = heapq.heappop(events)
        if what == "call" and called < operations:
            called += 1
            key = f"k{random.randrange(keys)}"
            request = _request(random, last.get((client, key)), values, requests)
            operation = Operation(f"c{client}", key, request, at)
            if random.random() >= lost:
                heapq.heappush(events, (at + random.random(), next(turn), "happen", client, operation))
                continue
            history.append(operation)
            heapq.heappush(events, (at + 1.0, next(turn), "call", client, nothing))
            if random.random() < 0.5:
                late = at + random.choice([1.0, 5.0, 100.0]) * random.random()
                heapq.heappush(events, (late, next(turn), "happen late", client, operation))
        elif what.startswith("happen"):
            answer = region.execute(operation.key, operation.request)
            if what == "happen":
                last[client, operation.key] = answer
                answered = operation._replace(answer=forget(operation.request, answer))
                heapq.heappush(events, (at + random.random(), next(turn), "return", client, answered))
        elif what == "return":
            history.append(operation._replace(returned=at))
            heapq.heappush(events, (at + 0.1 * random.random(), next(turn), "call", client, nothing))
    return history


def _request(
    random: Random, last: Answer | None, values: Iterator[Hashable], requests: Sequence[str]
) -> Request:
    kind = random.choice(requests)
    mod = 0 if last is None or last.mod is None else last.mod
    seen = None if last is None or last.value is UNSAID else last.value
    if kind == "read":
        return Read()
    if kind == "write":
        return Write(next(values))
    if kind == "swap by revision":
        return Write(next(values), expected_revision=mod)
    if kind == "swap by value":
        return Write(next(values), expected_value=seen)
    return Write(None) if kind == "delete" else Write(None, expected_revision=mod or None)
