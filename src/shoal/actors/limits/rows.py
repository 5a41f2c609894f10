"""The book as rows: one for each level, open reservation, charge without a record and endpoint that changed, and back.
Pure.

A row is ``(kind, key, packed)``; ``packed`` is ``None`` for one that is to go. The file grows with what there is, not
with the number of calls.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgpack

from shoal.actors.limits.account import Account
from shoal.actors.limits.amounts import UNLIMITED, Amounts, Ceiling, ceiling
from shoal.actors.limits.book import Book
from shoal.actors.limits.charges import Reservation, Unrecorded
from shoal.actors.limits.gate import Gate

LEVEL, OPEN, CHARGE, ENDPOINT, SESSION = "level", "open", "charge", "endpoint", "session"
CLOCK = "clock"


class Row(NamedTuple):
    """One thing of the book."""

    kind: str
    key: str
    packed: bytes | None


def take_changes(book: Book) -> list[Row]:
    """What changed since they were taken last."""
    rows = [Row(LEVEL, name, _pack_account(book.ledger.accounts[name])) for name in book.ledger.changed]
    for reservation_id in book.touched:
        reservation = book.ledger.open.get(reservation_id)
        packed = None if reservation is None else _pack(reservation[1:])
        rows.append(Row(OPEN, reservation_id, packed))
    charges = book.ledger.charges
    for permit in charges.changed:
        charge = charges.left.get(permit)
        rows.append(Row(CHARGE, permit, None if charge is None else _pack_charge(charge)))
    rows += [Row(ENDPOINT, name, _pack_gate(book.gates[name])) for name in book.touched_gates]
    for names in (book.ledger.changed, book.touched, charges.changed, book.touched_gates):
        names.clear()
    return rows


def session_of(rows: Sequence[Row]) -> str:
    """Which started system wrote them; empty when none says."""
    found = [msgpack.unpackb(row.packed) for row in rows if row.kind == SESSION and row.packed is not None]
    return str(found[0]) if found else ""


def session_row(session: str) -> Row:
    """Says which started system the rows are of."""
    return Row(SESSION, "", _pack(session))


def clock_row(now: float) -> Row:
    """Says until when the book was kept."""
    return Row(CLOCK, "", _pack(now))


def pause_before(rows: Sequence[Row], now: float) -> float:
    """For how many seconds nobody kept the book that these rows are of; 0 where they do not say."""
    kept = [msgpack.unpackb(row.packed) for row in rows if row.kind == CLOCK and row.packed is not None]
    return max(0.0, now - float(kept[0])) if kept else 0.0


def restore(book: Book, rows: Sequence[Row], session: str, *, pause_s: float = 0.0) -> None:
    """Fill a new book. What was spent stays; limits that were declared or set count for the rest of their session only,
    so that who goes on with a run may give it others. The ``pause_s`` in which nobody kept the book is no time of any
    level.

    Raises ``ValueError`` or ``TypeError`` for rows that are none of ours.
    """
    same = any(row == session_row(session) for row in rows)
    for row in rows:
        fields = msgpack.unpackb(row.packed)
        if row.kind == LEVEL:
            _restore_account(book, row.key, fields, same, pause_s)
        elif row.kind == OPEN:
            book.ledger.open[row.key] = _read_reservation(row.key, fields)
        elif row.kind == CHARGE:
            book.ledger.charges.left[row.key] = _read_charge(row.key, fields)
        elif row.kind == ENDPOINT:
            _restore_gate(book.gate(row.key, ""), fields)
        elif row.kind not in (SESSION, CLOCK):
            raise ValueError(f"no rows of kind {row.kind!r} are known")
    for reservation in book.ledger.open.values():
        book.gate(reservation.endpoint, "").running += 1
        for level in reservation.levels:
            account = book.ledger.account(level)
            account.reserved = account.reserved.plus(reservation.amounts)
    for level in book.ledger.accounts:
        book.watch_time(level)


def _pack(value: Any) -> bytes:
    packed: bytes = msgpack.packb(value)
    return packed


def _read_reservation(permit: str, fields: Any) -> Reservation:
    endpoint, levels, amounts, at, *more = fields
    model, about = more or ("", ())
    return Reservation(permit, endpoint, tuple(levels), Amounts(*amounts), at, model, tuple(about))


def _pack_charge(charge: Unrecorded) -> bytes:
    return _pack((charge.reservation[1:], *charge[1:]))


def _read_charge(permit: str, fields: Any) -> Unrecorded:
    reservation, amounts, settled, closed = fields
    return Unrecorded(_read_reservation(permit, reservation), Amounts(*amounts), settled, closed)


def _pack_account(account: Account) -> bytes:
    return _pack((account.declared, account.set_to, account.spent, account.over, account.began))


def _restore_account(book: Book, name: str, fields: Any, same: bool, pause_s: float) -> None:
    declared, set_to, spent, over, began = fields
    account = book.ledger.account(name)
    account.declared = Ceiling(*declared) if same else ceiling(book.spec.budget_of(name))
    account.set_to = Ceiling(*set_to) if same else UNLIMITED
    account.spent = Amounts(*spent)
    account.over = over
    account.began = began
    if began is not None and pause_s:
        account.began = began + pause_s
        book.ledger.changed.add(name)


def _pack_gate(gate: Gate) -> bytes:
    slowed = (gate.width, gate.slowed_at, gate.paused_until, gate.strikes, gate.limited)
    return _pack((slowed, tuple(gate.window.slots)))


def _restore_gate(gate: Gate, fields: Any) -> None:
    slowed, slots = fields
    gate.width, gate.slowed_at, gate.paused_until, gate.strikes, gate.limited = slowed
    window = gate.window
    window.slots = deque((second, calls, tokens) for second, calls, tokens in slots)
    window.calls = sum(calls for _, calls, _ in window.slots)
    window.tokens = sum(tokens for _, _, tokens in window.slots)
