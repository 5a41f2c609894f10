"""The rows of the benchmark and the bars to reach in them.

A ratio's bar is a multiple of what plain Ray actors do in the same run; the other bars are in the figure's
unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shoal.bench.board_rows import BOARD_ROWS
from shoal.bench.errors import UnknownRow, nearest
from shoal.bench.llm_rows import LLM_ROWS
from shoal.bench.permits_rows import PERMIT_ROWS
from shoal.bench.recording_rows import RECORDING_ROWS
from shoal.bench.rows import Bar, Figure, Row
from shoal.bench.topology_rows import TOPOLOGY_ROWS

TELL = Row(
    name="tell",
    what="the client tells 1 agent in another process: 200-byte typed messages, until the last is handled",
    op="msg",
    bars=(
        Bar(60, times="plain"),
        Bar(1, times="batched"),
        Bar(200_000, who="local"),
    ),
)
ASK = Row(
    name="ask",
    what="the client asks 1 agent in another process, one question at a time",
    op="ask",
    figure=Figure.P50,
    bars=(
        Bar(0.25, figure=Figure.P50, times="plain"),
        Bar(60e-6, figure=Figure.P50, who="local"),
    ),
)
ASK64 = Row(
    name="ask64",
    what="the client asks 1 agent in another process, 64 questions in flight",
    op="ask",
    bars=(Bar(20, times="plain"),),
)
HOP1 = Row(
    name="hop1",
    what="1 token goes round a ring of 8 agents, a process each",
    op="hop",
    bars=(Bar(4, times="plain"),),
)
HOP64 = Row(
    name="hop64",
    what="64 tokens go round a ring of 8 agents, a process each",
    op="hop",
    bars=(Bar(20, times="plain"),),
)
FAN = Row(
    name="fan",
    what="a coordinator asks 8 agents and answers when all have; 64 rounds in flight, a process each",
    op="round",
    bars=(Bar(20, times="plain"),),
)
CREATE = Row(
    name="create",
    what="agents in a process of their own are started until each has answered its first message",
    op="agent",
    memory=True,
    rounds_at_most=5,
)
CELLS = Row(
    name="cells",
    what="100,000 agents in one host process are started until each has answered its first message; "
    "plain Ray starts 20 actors, since it has no more than one a process",
    op="agent",
    bars=(
        Bar(60, figure=Figure.WALL),
        Bar(10 * 1024, figure=Figure.MEMORY),
    ),
    memory=True,
    fresh=True,
    rounds_at_most=3,
)

RESTART = Row(
    name="restart",
    what="an agent's process is killed with SIGKILL: until its next incarnation has handled its first message",
    op="kill",
    figure=Figure.P50,
    bars=(Bar(0.5, figure=Figure.P50, times="plain"),),
    fresh=True,
    rounds_at_most=3,
)
REDELIVER = Row(
    name="redeliver",
    what="10,000 messages wait in an agent's mailbox when its process is killed: until its next incarnation has "
    "handled them all",
    op="msg",
    fresh=True,
    rounds_at_most=5,
)
DURABLE = Row(
    name="durable",
    what="as tell, to an agent whose state is on disk before a message is acknowledged",
    op="msg",
    bars=(Bar(5_000), Bar(5_000, who="local")),
)

ROWS: tuple[Row, ...] = (
    TELL, ASK, ASK64, HOP1, HOP64, FAN, CREATE, CELLS, RESTART, REDELIVER, DURABLE, *RECORDING_ROWS, *BOARD_ROWS,
    *LLM_ROWS, *PERMIT_ROWS, *TOPOLOGY_ROWS,
)  # fmt: skip
"""All rows in the order in which they are run and shown."""


ABOUT_DEATH = frozenset({row.name for row in (RESTART, REDELIVER, DURABLE)})
"""Rows that have a panel of their own."""

ABOUT_RECORDING = frozenset({row.name for row in RECORDING_ROWS})
"""Rows about the journal of messages."""

ABOUT_BOARDS = frozenset({row.name for row in BOARD_ROWS})
"""Rows about the blackboard, which has a panel of its own too."""

ABOUT_MODELS = frozenset({row.name for row in (*LLM_ROWS, *PERMIT_ROWS)})
"""Rows about calls of models, and the leave that they need."""

ABOUT_TOPOLOGIES = frozenset({row.name for row in TOPOLOGY_ROWS})
"""Rows about teams."""

_OTHERS = ABOUT_DEATH | ABOUT_RECORDING | ABOUT_BOARDS | ABOUT_MODELS | ABOUT_TOPOLOGIES

GROUPS: Mapping[str, frozenset[str]] = {
    "messaging": frozenset(row.name for row in ROWS if row.name not in _OTHERS),
    "recovery": ABOUT_DEATH,
    "recording": ABOUT_RECORDING,
    "blackboard": ABOUT_BOARDS,
    "models": ABOUT_MODELS,
    "topologies": ABOUT_TOPOLOGIES,
}
"""Names for several rows: each row is in one group."""


def rows_named(names: Sequence[str]) -> tuple[Row, ...]:
    """The rows of these names, or of the groups of these names, in the catalogue's order; all of them for no names.

    Raises :class:`UnknownRow` with the nearest name that exists.
    """
    known = [*(row.name for row in ROWS), *GROUPS]
    for name in names:
        if name not in known:
            raise UnknownRow(f"there is no row {name!r}. {nearest(name, known)}")
    wanted = {row for name in names for row in GROUPS.get(name, {name})}
    return tuple(row for row in ROWS if not names or row.name in wanted)
