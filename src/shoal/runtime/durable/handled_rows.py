"""How handled messages lie in a store's rows, one row a commit, and how the window is read back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgpack

from shoal.runtime.durable.store import Handled

Row = tuple[int, int, bytes]
"""Position of the row's last message (the agent's first is 1), how many it holds, and they themselves."""


def pack_handled(handled: Sequence[Handled]) -> bytes:
    """What a commit handled, as a row's bytes."""
    packed: bytes = msgpack.packb(handled)
    return packed


def newest_handled(rows: Iterable[Row], position: int, window: int) -> list[Handled] | None:
    """The newest ``window`` messages up to ``position``, oldest first, from rows that come newest first.

    Rows have to follow one another down from ``position``: ``None`` when some are missing.
    """
    found: list[list[Handled]] = []
    wanted = max(0, position - window)
    for last, count, items in rows:
        if last != position or position <= wanted:
            break
        position -= count
        handled = [Handled(*item) for item in msgpack.unpackb(items, use_list=False)]
        found.append(handled if position >= wanted else handled[wanted - position :])
    if position > wanted:
        return None
    return [item for handled in reversed(found) for item in handled]


def trims(before: int, after: int, window: int) -> bool:
    """Whether going from one position to the other is when to delete what left the window: every quarter of it."""
    every = max(1, window // 4)
    return before // every != after // every
