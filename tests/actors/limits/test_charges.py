"""Charges are kept until a record names them: by the book, the links and the file."""

from __future__ import annotations

from pathlib import Path

from shoal.actors.limits import LimitsSpec, LocalPermits
from shoal.actors.limits.amounts import Amounts
from shoal.actors.limits.book import Book
from shoal.actors.limits.lost import close_ledger, left_charges
from shoal.models.permits import Charge, Settlement
from tests.actors.limits.limiter_stand import LimiterStand
from tests.actors.limits.wants import granted, want

TEN = Amounts(10, 1_000_000, 1, 0)


def spent(book: Book) -> Amounts:
    return book.ledger.account("run").spent


def test_who_asks_again_after_being_taken_for_dead_is_charged_once() -> None:
    book = Book(LimitsSpec())
    book.ask("h/1", want(), 0.0)
    assert granted(book, 0.0) == ["h/1"]
    book.holder_gone("h", 1.0)
    assert spent(book) == TEN
    book.ask("h/1", want(), 2.0)
    assert granted(book, 2.0) == ["h/1"]
    assert spent(book) == Amounts()
    book.settle("h/1", Settlement(4, 0.0), 3.0)
    assert spent(book) == Amounts(4, 0, 1, 0)
    assert [charge.amounts for charge in book.ledger.charges.left.values()] == [Amounts(4, 0, 1, 0)]


def test_who_gives_up_after_being_taken_for_dead_is_charged_nothing() -> None:
    book = Book(LimitsSpec())
    book.ask("h/1", want(), 0.0)
    book.serve(0.0)
    book.holder_gone("h", 1.0)
    book.cancel("h/1", 2.0)
    assert spent(book) == Amounts()
    assert book.ledger.charges.left == {}


def test_a_record_says_what_a_call_took_before_and_after_its_settlement() -> None:
    book = Book(LimitsSpec())
    for number in range(3):
        book.ask(f"h/{number}", want(), 0.0)
    book.serve(0.0)
    book.settle("h/1", Settlement(7, 0.0), 1.0)
    book.holder_gone("h", 2.0)
    for number in range(3):
        for _ in range(2):
            book.record(Charge(f"h/{number}", 7, 0), 3.0)
    book.settle("h/0", Settlement(7, 0.0), 4.0)
    assert spent(book) == Amounts(21, 0, 3, 0)
    assert book.ledger.charges.left == {}
    assert book.gates["e"].running == 0


async def test_a_process_alone_keeps_no_charges() -> None:
    permits = LocalPermits()
    for _ in range(3):
        (await permits.acquire(want())).settle(Settlement(1, 0.0))
    assert permits._book.ledger.charges.left == {}


async def test_what_is_recorded_is_said_with_the_next_message_also_to_the_next_limiter(
    tmp_path: Path,
) -> None:
    stand = LimiterStand(tmp_path, LimitsSpec())
    await stand.start()
    link = stand.link()
    first = await link.acquire(want())
    first.settle(Settlement(3, 0.0))
    link.recorded([Charge(first.id, 3, 0)])
    await link.flush()
    second = await link.acquire(want(about=("second",)))
    second.settle(Settlement(5, 0.0))
    await link.flush()
    stand.kill()
    await stand.start()
    third = await link.acquire(want("task/3"))
    third.settle(Settlement(8, 0.0))
    link.recorded([Charge(third.id, 8, 0), Charge("", 1, 1)])
    await link.flush()
    (lost,) = left_charges(tmp_path, over=False)
    assert (lost.permit, lost.tokens, lost.settled, lost.about) == (second.id, 5, True, ("second",))
    await stand.stop()
    closed = close_ledger(tmp_path, [], stand.now)
    assert closed is not None
    assert closed.run == Amounts(16, 0, 3, 0)
    assert closed.levels["task/3"] == Amounts(8, 0, 1, 0)
    assert [charge.permit for charge in closed.lost] == [second.id]


async def test_calls_under_way_are_lost_once_the_run_is_over(tmp_path: Path) -> None:
    stand = LimiterStand(tmp_path, LimitsSpec())
    await stand.start()
    link = stand.link()
    permits = [await link.acquire(want("task/1", model="m", about=("a",))) for _ in range(2)]
    stand.kill()
    assert left_charges(tmp_path, over=False) == []
    found = left_charges(tmp_path, over=True)
    assert [(lost.permit, lost.tokens, lost.settled) for lost in found] == [
        (permit.id, 10, False) for permit in permits
    ]
    closed = close_ledger(tmp_path, [Charge(permits[0].id, 2, 5)], stand.now)
    assert closed is not None
    assert closed.run == Amounts(12, 1_000_005, 2, 0)
    assert [lost.permit for lost in closed.lost] == [permits[1].id]
    assert close_ledger(tmp_path, [Charge(permits[0].id, 2, 5)], stand.now) == closed
    assert left_charges(tmp_path, over=False) == closed.lost
    await stand.stop()
