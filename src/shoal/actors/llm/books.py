"""The books of a run that is over, settled: its records, its budgets and its journal agree on every token and cent.

Three places know what model calls took. The agents' state (``state/*.db``, or PostgreSQL) has the recorded calls,
``limits.db`` what was charged, and ``journal.db`` the spans. A process that is killed leaves them apart: a charge
without a record, a record without its settlement, a span that was never sent. The record is what counts: charges that
it names become what it says, all others are lost calls, and the journal gets the spans that it lacks. See
``docs/decisions/0021-books-that-agree.md``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from shoal.actors.limits.amounts import Amounts
from shoal.actors.limits.lost import ClosedLedger, close_ledger
from shoal.actors.limits.spec import RUN
from shoal.actors.llm.call_labels import call_of
from shoal.actors.llm.model_spans import KIND, rows_of
from shoal.actors.llm.recorded import ModelCall
from shoal.actors.llm.spending import recorded_calls
from shoal.models.permits import Charge
from shoal.runtime.journal.errors import RunInUse, RunNotFound
from shoal.runtime.journal.journal import Journal
from shoal.runtime.journal.reader import RunReader
from shoal.runtime.journal.records import SpanRow, spans_noted
from shoal.runtime.journal.run_directory import JOURNAL_FILE
from shoal.runtime.journal.run_lock import holder_of
from shoal.runtime.span_redaction import redacted

_BATCH = 1024


class Sum(NamedTuple):
    """What some calls took."""

    requests: int = 0
    tokens: int = 0
    nano_usd: int = 0
    """Billionths of a US dollar."""

    def plus(self, requests: int, tokens: int, nano_usd: int) -> Sum:
        """With some more."""
        return Sum(self.requests + requests, self.tokens + tokens, self.nano_usd + nano_usd)


class Books(NamedTuple):
    """What the books of a run say once they are settled."""

    recorded: Sum
    """What records say, and what a program's own permits were settled with."""
    lost: Sum
    """Charged, and in no record: the process died before it could write one."""
    budget: Sum | None
    """What the budgets of the run were charged; ``None``: nothing was limited, so nobody counted."""
    unlimited: Sum
    """Of ``recorded``, what was asked for without leave of a limiter: the budgets know nothing of it."""
    journal: Sum | None
    """The spans of the journal; ``None``: there is none."""
    added: int
    """Spans that the journal lacked."""
    differences: tuple[str, ...]
    """Where they do not agree, in words. Empty, but for files that somebody changed or took away."""

    @property
    def total(self) -> Sum:
        """What the run took."""
        return self.recorded.plus(*self.lost)


class _Sums:
    """What is added up while the records are read."""

    def __init__(self) -> None:
        self.recorded = self.lost = self.unlimited = Sum()
        self.levels: dict[str, Sum] = {}

    def add(self, call: ModelCall) -> None:
        taken = (
            sum(account.attempts for account in call.accounts),
            sum(account.tokens for account in call.accounts),
            sum(account.nano_usd for account in call.accounts),
        )
        if call.lost:
            self.lost = self.lost.plus(*taken)
        else:
            self.recorded = self.recorded.plus(*taken)
        charged = [charge for charge in call.charges if charge.permit]
        limited = (
            len(charged),
            sum(charge.tokens for charge in charged),
            sum(charge.nano_usd for charge in charged),
        )
        self.unlimited = self.unlimited.plus(*(a - b for a, b in zip(taken, limited, strict=True)))
        for level in (RUN, f"task/{call.task}"):
            self.levels[level] = self.levels.get(level, Sum()).plus(*limited)


def settle_books(
    run_dir: Path, *, over: bool = True, now: float | None = None, state_store: str = ""
) -> Books:
    """Settle the books of a run, by its directory. Done again, it changes nothing.

    For when its system was shut down. Not ``over``, before it is started again after a death of its program: processes
    that the program left behind may still record a call, so nothing is lost yet, and the sums are those of the records.
    Who runs the run holds it meanwhile. ``state_store``: as of :func:`~shoal.runtime.durable.run_effects.run_effects`.

    Raises :class:`RunNotFound`, :class:`RunInUse` while another process runs it, and ``StoreError`` for files that
    cannot be read.
    """
    if not run_dir.is_dir():
        raise RunNotFound(
            f"there is no directory {run_dir}. `shoal runs` lists the runs there are", run=run_dir.name
        )
    holder = holder_of(run_dir)
    if holder is not None and holder.pid != os.getpid():
        raise RunInUse(
            f"run {run_dir.name!r} is being run by process {holder.pid} on {holder.host}: its books are settled when "
            "it is over",
            run=run_dir.name, pid=holder.pid,
        )  # fmt: skip
    now = time.time() if now is None else now
    ledger = close_ledger(run_dir, _recorded_charges(run_dir, state_store), now, over=over)
    sums = _Sums()
    journal, added = _complete_journal(
        run_dir, _counted(recorded_calls(run_dir, state_store), ledger if over else None, sums)
    )
    budget = None if ledger is None else _sum_of(ledger.run)
    total = sums.recorded.plus(*sums.lost)
    return Books(
        sums.recorded, sums.lost, budget, sums.unlimited, journal, added,
        tuple(_differences(ledger, sums, journal, total)) if over else (),
    )  # fmt: skip


def _recorded_charges(run_dir: Path, state_store: str) -> Iterator[Charge]:
    for _, call in recorded_calls(run_dir, state_store):
        yield from (charge for charge in call.charges if charge.permit)


def _counted(
    recorded: Iterator[tuple[str, ModelCall]], ledger: ClosedLedger | None, sums: _Sums
) -> Iterator[tuple[str, ModelCall]]:
    """Every call with its key, the lost ones last; each is added up."""
    for key, call in recorded:
        sums.add(call)
        yield key, call
    for lost in ledger.lost if ledger is not None else ():
        call = call_of(lost)
        sums.add(call)
        yield "", call


def _complete_journal(run_dir: Path, calls: Iterator[tuple[str, ModelCall]]) -> tuple[Sum | None, int]:
    """Write the spans that are missing; the sum of all, and how many were written."""
    path = run_dir / JOURNAL_FILE
    if not path.exists():
        for _ in calls:
            pass
        return None, 0
    with RunReader(run_dir) as reader:
        spans = ((span.id, span.data) for span in reader.iter_spans() if span.kind == KIND)
        known = {own_id: _taken(data) for own_id, data in spans}
    total = Sum()
    for taken in known.values():
        total = total.plus(*taken)
    missing: list[SpanRow] = []
    for key, call in calls:
        for row in rows_of(key, call):
            own_id = row[0].hex()
            if own_id not in known:
                known[own_id] = _taken(row[9])
                total = total.plus(*known[own_id])
                missing.append(row)
    if missing:
        journal = Journal(path, create=False)
        try:
            for first in range(0, len(missing), _BATCH):
                journal.append([spans_noted(redacted(missing[first : first + _BATCH]))])
        finally:
            journal.close()
    return total, len(missing)


def _taken(data: dict[str, object]) -> Sum:
    fields = (data.get("attempts"), data.get("tokens"), data.get("nano_usd"))
    return Sum(*(value if isinstance(value, int) else 0 for value in fields))


def _sum_of(amounts: Amounts) -> Sum:
    return Sum(amounts.calls, amounts.tokens, amounts.nano_usd)


def _differences(ledger: ClosedLedger | None, sums: _Sums, journal: Sum | None, total: Sum) -> Iterator[str]:
    if ledger is not None:
        for level in (RUN, *(name for name in ledger.levels if name.startswith("task/"))):
            charged, known = _sum_of(ledger.levels.get(level, Amounts())), sums.levels.get(level, Sum())
            if charged != known:
                yield f"{level} was charged {_said(charged)}, and its calls took {_said(known)}"
    if journal is not None and journal != total:
        yield f"the journal's spans took {_said(journal)}, and the calls {_said(total)}"


def _said(one: Sum) -> str:
    return f"{one.requests:,} requests, {one.tokens:,} tokens and {one.nano_usd:,} billionths of a dollar"
