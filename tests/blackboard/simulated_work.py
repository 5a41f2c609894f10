"""Work items with a correct board (or one with a fault), and what workers record of them, in simulated time."""

from __future__ import annotations

import heapq
from collections.abc import Generator, Hashable
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Literal, NamedTuple

from tests.blackboard.claim_history import Action, Event, Final

Fault = Literal[
    "takes old tokens", "forgets leases", "gives one token twice", "loses an item", "completes again"
]
LEASE_S = 3.0


class Request(NamedTuple):
    """What a worker asks, after a pause."""

    pause_s: float
    action: Action
    item: str = ""
    token: int = 0
    result: Hashable | None = None


@dataclass(slots=True)
class _Item:
    state: Literal["open", "claimed", "done"] = "open"
    token: int = 0
    expires: float = 0.0
    result: Hashable | None = None


class Work:
    """The board: who has what until when. With a fault it does wrong what the fault says."""

    def __init__(self, items: int, fault: Fault | None = None) -> None:
        self.items = {f"item/{number}": _Item() for number in range(items)}
        self._fault = fault
        self._tokens = count(1)

    def execute(self, request: Request, now: float) -> Request | None:
        """The request with the item and token that it is about; ``None``: refused, or nothing to claim."""
        for item in self.items.values():
            if item.state == "claimed" and item.expires <= now:
                item.state = "open"
        if request.action == "claim":
            return self._claim(request, now)
        item = self.items[request.item]
        valid = item.token == request.token or self._fault == "takes old tokens"
        if item.state == "done" and request.action == "complete" and valid:
            return request
        if not valid or item.state != "claimed":
            return None
        if request.action == "renew":
            item.expires = now + LEASE_S
        else:
            item.state = "done" if request.action == "complete" else "open"
            item.result = request.result
        return request

    def _claim(self, request: Request, now: float) -> Request | None:
        for key, item in self.items.items():
            takes = item.state == "open" or (self._fault == "forgets leases" and item.state == "claimed")
            if takes or (self._fault == "completes again" and item.state == "done"):
                if self._fault != "gives one token twice" or item.token == 0:
                    item.token = next(self._tokens)
                item.state, item.expires = "claimed", now + LEASE_S
                return request._replace(item=key, token=item.token)
        return None

    def finals(self) -> dict[str, Final]:
        """What is there when all is over."""
        kept = {key: Final(item.state, item.token, item.result) for key, item in self.items.items()}
        if self._fault == "loses an item":
            kept.popitem()
        return kept


def _worker(random: Random, name: str) -> Generator[Request, Request | Literal["unknown"] | None, None]:
    """Claims, works for a while with or without renewing, and ends it in one of the ways there are, or not at all."""
    for attempt in count():
        claimed = yield Request(random.random(), "claim")
        if not isinstance(claimed, Request):
            continue
        mine = claimed._replace(result=f"{name}'s {attempt}")
        while random.random() < 0.5:
            yield mine._replace(pause_s=random.uniform(0.1, 1.2) * LEASE_S, action="renew")
        ending: Action | None = random.choice(["complete", "complete", "complete", "fail", "give back", None])
        if ending is None:
            continue
        ended = yield mine._replace(pause_s=random.uniform(0.0, 0.5) * LEASE_S, action=ending)
        if ended == "unknown" and ending == "complete":
            yield mine._replace(pause_s=random.random(), action=ending)


def simulate(random: Random, work: Work, *, workers: int = 6, lost: float = 0.0) -> list[Event]:
    """What the workers record until nothing has been left to do for a while; a request is lost on the way there, or its
    answer on the way back."""
    history = [Event("poster", "post", key, 0.0, 0.1) for key in work.items]
    turn = count()
    working = {f"w{number}": _worker(random, f"w{number}") for number in range(workers)}
    events = []
    for name, worker in working.items():
        request = next(worker)
        events.append((1.0 + request.pause_s, next(turn), "call", Event(name, "claim", "", 0.0), request))
    heapq.heapify(events)
    while events and events[0][0] < 200.0:
        at, _, what, event, request = heapq.heappop(events)
        if what == "call":
            event = _event(event.worker, request, at)
            fate = random.choice(["lost", "unanswered"]) if random.random() < lost else "answered"
            if fate != "lost":
                heapq.heappush(events, (at + 0.2 * random.random(), next(turn), fate, event, request))
            if fate != "answered":
                heapq.heappush(events, (at + 1.0, next(turn), "gave up", event, request))
            continue
        answer: Request | Literal["unknown"] | None = "unknown"
        if what != "gave up":
            answer = work.execute(request, at)
            if what == "unanswered":
                continue
            at += 0.2 * random.random()
            event = event._replace(returned=at, done=answer is not None)
            if answer is not None:
                event = event._replace(item=answer.item, token=answer.token)
        if event.action != "claim" or answer is not None:
            history.append(event)
        following = working[event.worker].send(answer)
        heapq.heappush(events, (at + following.pause_s, next(turn), "call", event, following))
    return history


def _event(worker: str, request: Request, called: float) -> Event:
    lease_s = LEASE_S if request.action in ("claim", "renew") else 0.0
    result = request.result if request.action == "complete" else None
    return Event(worker, request.action, request.item, called, None, request.token, True, lease_s, result)
