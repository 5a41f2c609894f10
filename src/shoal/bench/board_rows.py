"""The rows about the blackboard and their bars. See ``catalogue.py`` for all others."""

from __future__ import annotations

from shoal.bench.rows import Bar, Figure, Row

BGET = Row(
    name="bget",
    what="8 agents in 2 processes read entries of a region of 1,000, each one at a time",
    op="get",
)
BPUT = Row(
    name="bput",
    what="8 agents in 2 processes put entries of 200 bytes, each one at a time, until all are safe",
    op="put",
)
BCAS = Row(
    name="bcas",
    what="8 agents in 2 processes compare and set, each one at a time, each a key of its own",
    op="cas",
    bars=(Bar(5_000),),
)
BCLAIM = Row(
    name="bclaim",
    what="8 agents in 2 processes claim items and complete them, each one at a time",
    op="item",
)
BWATCH = Row(
    name="bwatch",
    what="8 agents put entries, each one at a time, until 50 watchers in 2 processes have seen them all",
    op="event",
)
BWATCH1 = Row(
    name="bwatch1",
    what="an entry is put, the next one when 50 watchers in 2 processes have seen it: from its put to each of them",
    op="event",
    figure=Figure.P50,
)
BRECOVER = Row(
    name="brecover",
    what="the process that has a region of 100,000 entries is killed with SIGKILL: until the first request is answered",
    op="kill",
    figure=Figure.P50,
    rounds_at_most=3,
)
BGROW = Row(
    name="bgrow",
    what="get, put and compare-and-set in a region of 10 entries and in one of 100,000, in turns, one at a time: how "
    "many times as long one takes in the larger, the worst of the three",
    op="op",
    figure=Figure.GROWTH,
    bars=(Bar(1.3, figure=Figure.GROWTH), Bar(1.3, figure=Figure.GROWTH, who="local")),
)

BOARD_ROWS: tuple[Row, ...] = (BGET, BPUT, BCAS, BCLAIM, BWATCH, BWATCH1, BRECOVER, BGROW)
"""In the order in which they are run and shown."""
