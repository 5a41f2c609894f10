"""What was there when a task began that a replay begins without, which may be why it goes another way. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from shoal.runtime.journal.entries import MessageEntry, SpanEntry

_NAMED = 3


def of_boards(before: Iterable[SpanEntry], now: Iterable[SpanEntry]) -> list[str]:
    """The regions that had more in them when the task first used them than they have in the replay, in words."""
    then, again = _first_revisions(before), _first_revisions(now)
    return [
        f"board region {region!r} was at revision {revision:,} when the task first used it, and in the replay at "
        f"{again.get(region, 0):,}: what other tasks had put there is missing"
        for region, revision in then.items()
        if revision > again.get(region, 1)
    ]


def of_agents(keepers: Collection[str], *, first: bool) -> list[str]:
    """The agents that keep state, in words; none of them when the task was the run's first."""
    if first or not keepers:
        return []
    names = sorted(keepers)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    verb = "keeps" if len(names) == 1 else "keep"
    return [
        f"{', '.join(names[:_NAMED])}{more} {verb} state, and other tasks were begun before this one: a replay begins "
        "without what those left"
    ]


def of_choices(before: Iterable[MessageEntry], now: Iterable[MessageEntry], *, first: bool) -> list[str]:
    """Who gave the same to another member of its team, in words: of whom it chose then, earlier tasks were a part."""
    then, again = _given(before), _given(now)
    found = {}
    for sender, tag, to in then - again:
        other = next((one for one in again - then if one[:2] == (sender, tag) and _beside(one[2], to)), None)
        if other is not None and not first:
            found[sender] = (
                f"{sender} chose {to} then, and {other[2]} now, and tasks before this one may have been why: a worker "
                "team's choices are played again with record_choices=True"
            )
    return list(found.values())


def _given(messages: Iterable[MessageEntry]) -> Counter[tuple[str, str, str]]:
    return Counter((one.sender, one.tag, one.recipient) for one in messages if one.cause is not None)


def _beside(one: str, other: str) -> bool:
    """Whether both are members of one team."""
    team = one.rpartition("/")[0]
    return bool(team) and team == other.rpartition("/")[0]


def _first_revisions(spans: Iterable[SpanEntry]) -> dict[str, int]:
    """The revision of each region at its first use."""
    found: dict[str, int] = {}
    for span in sorted((span for span in spans if span.kind == "board"), key=lambda span: span.at):
        region, revision = _region(span.data)
        if revision is not None:
            found.setdefault(region, revision)
    return found


def _region(data: dict[str, Any]) -> tuple[str, int | None]:
    revision = data.get("revision")
    return str(data.get("region", "")), revision if isinstance(revision, int) else None
