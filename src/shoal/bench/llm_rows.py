"""The rows about model calls and their bars. See ``catalogue.py`` for all others."""

from __future__ import annotations

from shoal.bench.rows import Bar, Figure, Row

LLM = Row(
    name="llm",
    what="a model that takes no time is asked once, streamed, one question at a time: with the openai client by hand, "
    "and through an LLM agent that records each call",
    op="call",
    figure=Figure.P50,
    bars=(
        Bar(3e-3, figure=Figure.P50, above="hand"),
        Bar(1e-3, figure=Figure.P50, above="hand", who="local"),
    ),
)
LLM_BUDGET = Row(
    name="llmbudget",
    what="as llm, with a budget: the agent takes leave of the limiter for each call; the row permit has that alone",
    op="call",
    figure=Figure.P50,
)
LLM256 = Row(
    name="llm256",
    what="as llm, with 256 questions in flight",
    op="call",
)

LLM_ROWS: tuple[Row, ...] = (LLM, LLM_BUDGET, LLM256)
"""In the order in which they are run and shown."""
