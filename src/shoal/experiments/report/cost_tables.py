"""Cost by role, model and agent as tables with bars. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from shoal.experiments.explaining.figures import span_text, usd_text
from shoal.experiments.report.traffic import Amount

MOST = 12
"""Rows of a table; the rest is summed in one."""


class Row(NamedTuple):
    """A line of it."""

    name: str
    share: float
    """Of the cost, in percent; of tokens where nothing has a price."""
    calls: int
    input_tokens: int
    output_tokens: int
    money: str
    took: str
    usd: float
    took_s: float


class Table(NamedTuple):
    """A table."""

    by: str
    rows: tuple[Row, ...]


def cost_tables(found: Mapping[str, Mapping[str, Amount]]) -> list[Table]:
    """A table each, of those that used models. ``found``: what they are put together by, and the sums."""
    tables = []
    for by, sums in found.items():
        used = {name: amount for name, amount in sums.items() if amount.calls or amount.tokens}
        if used:
            tables.append(Table(by, tuple(_rows(used))))
    return tables


def _rows(sums: Mapping[str, Amount]) -> list[Row]:
    total = Amount()
    for amount in sums.values():
        total.add(amount)
    ordered = sorted(sums.items(), key=lambda item: (-item[1].nano_usd, -item[1].tokens, item[0]))
    rows = [_row(name, amount, total) for name, amount in ordered[:MOST]]
    if len(ordered) > MOST:
        rest = Amount()
        for _, amount in ordered[MOST:]:
            rest.add(amount)
        rows.append(_row(f"{len(ordered) - MOST:,} more", rest, total))
    return rows


def _row(name: str, amount: Amount, total: Amount) -> Row:
    share = (
        amount.nano_usd / total.nano_usd
        if total.nano_usd
        else amount.tokens / total.tokens
        if total.tokens
        else 0.0
    )
    return Row(
        name, 100 * share, amount.calls, amount.input_tokens, amount.output_tokens,
        usd_text(amount.usd, priced=amount.priced), span_text(amount.took_s), amount.usd, amount.took_s,
    )  # fmt: skip
