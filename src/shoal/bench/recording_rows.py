"""The rows about the journal of messages: what recording costs, and how quickly it answers. See ``catalogue.py``.

What is compared is ``journal="messages"`` with a run that journals its tasks alone: 15 % of the throughput at most.
"""

from __future__ import annotations

from shoal.bench.rows import Bar, Figure, Row

_CHEAP = (
    Bar(0.85, who="journaled", times="shoal"),
    Bar(1 / 0.85, figure=Figure.CPU, who="journaled", times="shoal"),
)
TELL1K = Row(
    name="tell1k",
    what="as tell, with messages of 1 KB, and with a record of every message in the run's journal",
    op="msg",
    bars=_CHEAP,
)
RECORDED = Row(
    name="recorded",
    what="as worker (8 workers, 256 tasks in flight), and with a record of every message in the run's journal",
    op="task",
    bars=_CHEAP,
    messages=4,
)
MILLION = Row(
    name="million",
    what="a journal of 1,000,000 messages of 10,000 tasks side by side is asked for one task; every tenth time for one "
    "that is in nearly every batch",
    op="question",
    figure=Figure.P99,
    bars=(Bar(1.0, figure=Figure.P99, who="local"),),
)

RECORDING_ROWS: tuple[Row, ...] = (TELL1K, RECORDED, MILLION)
"""In the order in which they are run and shown."""
