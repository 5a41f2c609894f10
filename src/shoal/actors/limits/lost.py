"""The charges of a run that no record names, read from its ``limits.db``, and the ledger closed when a run is over.

Both look at the file, not at a limiter. :func:`left_charges` changes nothing, and may be asked while the run goes on.
:func:`close_ledger` is for when no process of the run lives any more: a limiter that does can write nothing after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from shoal.actors.limits.amounts import Amounts
from shoal.actors.limits.book import Book
from shoal.actors.limits.charges import Unrecorded
from shoal.actors.limits.ledger_file import FILE_NAME, LedgerFile, read_rows
from shoal.actors.limits.rows import Row, restore, session_of, take_changes
from shoal.actors.limits.spec import RUN, LimitsSpec
from shoal.models.permits import Charge


class LostCharge(NamedTuple):
    """What somebody was given leave for, and no record says what came of it."""

    permit: str
    model: str
    endpoint: str
    levels: tuple[str, ...]
    """All that was charged with it."""
    tokens: int
    nano_usd: int
    settled: bool
    """Whether its process said what it took before it died; else these amounts are the most that it may have taken."""
    at: float
    """Wall-clock second at which leave was given."""
    about: tuple[str, ...]
    """See :class:`~shoal.models.permits.Want`."""


class ClosedLedger(NamedTuple):
    """What was spent in all, and what of it is lost."""

    levels: dict[str, Amounts]
    lost: list[LostCharge]

    @property
    def run(self) -> Amounts:
        """Of the whole run."""
        return self.levels.get(RUN, Amounts())


def left_charges(run_dir: Path, *, over: bool) -> list[LostCharge]:
    """The charges that were not said to be recorded; some of them may be all the same.

    ``over``: the run is not going on, so calls that are under way in the file are lost as well. None when the run has
    no ledger. Raises ``StoreError``.
    """
    path = run_dir / FILE_NAME
    if not path.exists():
        return []
    return list(_lost_in(_book_of(read_rows(path)), over=over))


def close_ledger(
    run_dir: Path, recorded: Iterable[Charge], now: float, *, over: bool = True
) -> ClosedLedger | None:
    """Correct every charge that a record names, and book all others for good. ``None``: the run has no ledger.

    Unless the run is ``over`` the others stay as they are: a process of it may still record one. Done again, it changes
    nothing. Raises ``StoreError``.
    """
    if not (run_dir / FILE_NAME).exists():
        return None
    file = LedgerFile(run_dir)
    try:
        try:
            book = _book_of(file.load())
        except (ValueError, TypeError) as exc:
            raise file.broken(f"a row cannot be read: {exc}") from exc
        for charge in recorded:
            book.record(charge, now)
        if over:
            for permit in list(book.ledger.open):
                book.settle(permit, None, now)
            book.ledger.close(list(book.ledger.charges.left))
        rows = take_changes(book)
        if rows:
            file.write(rows)
    finally:
        file.close()
    spent = {name: account.spent for name, account in book.ledger.accounts.items()}
    return ClosedLedger(spent, list(_lost_in(book, over=True)))


def _book_of(rows: list[Row]) -> Book:
    book = Book(LimitsSpec())
    restore(book, rows, session_of(rows))  # as its own session: what was declared there stays in the file
    return book


def _lost_in(book: Book, *, over: bool) -> Iterator[LostCharge]:
    for charge in book.ledger.charges.left.values():
        yield _lost(charge)
    if over:
        for reservation in book.ledger.open.values():
            yield _lost(Unrecorded(reservation, reservation.amounts, settled=False))


def _lost(charge: Unrecorded) -> LostCharge:
    permit, endpoint, levels, _, at, model, about = charge.reservation
    return LostCharge(
        permit, model, endpoint, levels, charge.amounts.tokens, charge.amounts.nano_usd,
        charge.settled, at, about,
    )  # fmt: skip
