"""The rows about limits and their bars. See ``catalogue.py`` for all others."""

from __future__ import annotations

from shoal.bench.rows import Bar, Figure, Row

PERMIT = Row(
    name="permit",
    what="1 agent takes leave for a model call from the limiter and gives it back, one call at a time: until it has it",
    op="permit",
    figure=Figure.P50,
    bars=(
        Bar(1e-3, figure=Figure.P50),
        Bar(0.3e-3, figure=Figure.P50, who="local"),
    ),
)
PERMITS = Row(
    name="permits",
    what="64 tasks of 8 agents in 2 processes take leave for model calls and give it back, each one at a time",
    op="permit",
    bars=(Bar(1_000), Bar(1_000, who="local")),
)

PERMIT_ROWS: tuple[Row, ...] = (PERMIT, PERMITS)
"""In the order in which they are run and shown."""
