"""Which message of a replay is which of the recorded run, by where they stand in the two trees of causes. Pure.

A message's id says which handling sent it, and as the how-manieth. So the same id is the same message as long as
nothing changed; where two that were sent at once changed places, or one was put in between, the ids behind it mean
others. Among the messages of one handling, those that are alike are paired first, then those with the same id.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

from shoal.blackboard.spec import MAIN, address_of
from shoal.runtime.deadletters import Reason
from shoal.runtime.journal.entries import DONE, MessageEntry

_OF_THE_CODE = frozenset(
    {
        DONE, Reason.HANDLER_ERROR, Reason.UNKNOWN_MESSAGE, Reason.INVALID_MESSAGE, Reason.TOO_LARGE, Reason.NO_AGENT,
        Reason.HOP_LIMIT,
    }
)  # fmt: skip
"""Outcomes that do not hang on time: whether a message was cancelled, say, does."""
BOARDS = address_of(MAIN).removesuffix(MAIN)
"""What addresses of boards begin with."""
_Key = Callable[[MessageEntry], Hashable]


class Pair(NamedTuple):
    """A message on both sides, or one without a counterpart."""

    then: MessageEntry | None
    now: MessageEntry | None
    follows: bool
    """Whether it has none because the message that caused it has none."""
    sized: bool
    """Whether both sizes are recorded, and say something: what does not leave its process has none, and what boards are
    asked has the region's identity in it where the sender knows that."""


def outcome_of_code(entry: MessageEntry) -> str:
    """How it ended, where that is its code's doing; else empty."""
    return entry.outcome if entry.outcome in _OF_THE_CODE else ""


def pairs(before: Iterable[MessageEntry], now: Iterable[MessageEntry]) -> Iterator[Pair]:
    """All messages of both, causes before what they caused. Of one that was handled again the last time counts."""
    sides = _Side(before), _Side(now)
    unsized = sides[0].unsized | sides[1].unsized
    keys = _keys(unsized)
    waiting: deque[tuple[str, str, bool]] = deque([("", "", False)])
    while waiting:
        cause, same_cause, follows = waiting.popleft()
        for then, made in _matched(sides[0].caused_by(cause), sides[1].caused_by(same_cause), keys):
            one = then or made
            assert one is not None
            yield Pair(then, made, follows and (then is None or made is None), one.recipient not in unsized)
            waiting.append((*_ids(then, made, sides), then is None or made is None))
        if not waiting and (left := sides[0].unvisited or sides[1].unvisited):
            waiting.append(
                (left, left, False)
            )  # this cause has no row: it never ended, or its row was dropped


class _Side:
    """The messages of one run."""

    def __init__(self, entries: Iterable[MessageEntry]) -> None:
        self.of_id = {one.id: one for one in entries}
        self.unsized = {
            one.recipient for one in self.of_id.values() if not one.size or one.recipient.startswith(BOARDS)
        }
        self._caused: dict[str, list[MessageEntry]] = defaultdict(list)
        for one in sorted(self.of_id.values(), key=lambda entry: entry.at):
            self._caused[one.cause or ""].append(one)

    def caused_by(self, cause: str) -> list[MessageEntry]:
        """What the handling of a message sent, each asked for once."""
        return self._caused.pop(cause, [])

    @property
    def unvisited(self) -> str:
        """A cause that was not asked for; empty: all were."""
        return next(iter(self._caused), "")


def _ids(then: MessageEntry | None, now: MessageEntry | None, sides: tuple[_Side, _Side]) -> tuple[str, str]:
    """Under which causes the two sides go on: one that only the other side has a row of is known by its id."""
    if then is not None and now is not None:
        return then.id, now.id
    if then is not None:
        return then.id, "\0" if then.id in sides[1].of_id else then.id
    assert now is not None
    return "\0" if now.id in sides[0].of_id else now.id, now.id


def _keys(unsized: set[str]) -> list[_Key]:
    """By what two messages of one handling are the same, the surest first."""

    def place(one: MessageEntry) -> tuple[Hashable, ...]:
        return one.recipient, one.kind, one.tag

    def face(one: MessageEntry) -> tuple[Hashable, ...]:
        return *place(one), 0 if one.recipient in unsized else one.size

    def whole(one: MessageEntry) -> tuple[Hashable, ...]:
        return *face(one), outcome_of_code(one)

    keys: list[_Key] = []
    for key in (whole, face, place):
        keys += [lambda one, key=key: (one.id, key(one)), key]  # type: ignore[misc]
    return [*keys, lambda one: one.id]


def _matched(
    before: Sequence[MessageEntry], now: Sequence[MessageEntry], keys: Sequence[_Key]
) -> list[tuple[MessageEntry | None, MessageEntry | None]]:
    """The messages of one handling on both sides, in the order of their handling then; new ones come last."""
    counterpart: dict[str, MessageEntry] = {}
    left_then, left_now = list(before), list(now)
    for key in keys:
        if not left_then or not left_now:
            break
        open_now: dict[Hashable, deque[MessageEntry]] = defaultdict(deque)
        for one in left_now:
            open_now[key(one)].append(one)
        taken = set()
        for one in left_then:
            if found := open_now.get(key(one)):
                counterpart[one.id] = found.popleft()
                taken.add(counterpart[one.id].id)
        left_then = [one for one in left_then if one.id not in counterpart]
        left_now = [one for one in left_now if one.id not in taken]
    return [*((one, counterpart.get(one.id)) for one in before), *((None, one) for one in left_now)]
