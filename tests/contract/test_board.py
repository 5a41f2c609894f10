"""The board on every host: what is written is there, at its revision, for whoever reads, claims or watches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import pytest_asyncio

import shoal
from shoal.blackboard import Do, Field, Key
from shoal.errors import (
    Compacted,
    ConfigError,
    Conflict,
    FutureRevision,
    InvalidKey,
    InvalidMessage,
    InvalidOperation,
    ItemState,
    LeaseLost,
    NoSuchKey,
    NothingToClaim,
    SchemaRefused,
    ValueRefused,
)
from tests.contract.scribblers import Lost, Plan, Scribbler
from tests.contract.waiting import PATIENCE_S, eventually, for_ever

pytestmark = pytest.mark.asyncio(loop_scope="session")
Fresh = Callable[[str], str]


@pytest_asyncio.fixture(loop_scope="session")
async def board(system: shoal.System) -> shoal.Board:
    """The main region, which all tests share: each has keys of its own."""
    return await system.board().open()


async def outlive(board: shoal.Board, key: str, ttl_s: float) -> None:
    """Return once the board has deleted an entry that nobody kept alive: by its clock ``ttl_s`` have passed."""
    entry = await board.put(key, 1, ttl_s=ttl_s)
    async with asyncio.timeout(PATIENCE_S):
        async for event in board.watch(key, since=entry.revision + 1):
            if event.kind == "delete":
                return


# -- keys and values ---------------------------------------------------------------------------------------


async def test_what_is_put_is_there_with_who_wrote_it_and_when(
    system: shoal.System, board: shoal.Board, fresh: Fresh
) -> None:
    key = fresh("plan")
    put = await board.put(key, Plan(text="a"))
    got = await board.get(key, Plan)
    assert got == put
    assert got is not None
    assert (got.value, got.version, got.create_revision) == (Plan(text="a"), 1, got.revision)
    assert got.author == system.as_sender.name
    assert len(got.message_id) == 12
    assert await board.get(fresh("nothing")) is None


async def test_values_are_native_or_models_and_come_back_as_they_were(
    board: shoal.Board, fresh: Fresh
) -> None:
    key = fresh("value")
    for value in (None, True, 3, 2.5, "text", b"bytes", [1, "two"], {"a": [1]}, Plan(size=2)):
        await board.put(key, value)
        entry = await board.get(key)
        assert entry is not None
        assert entry.value == value
        assert type(entry.value) is type(value)


async def test_a_value_of_another_type_than_was_asked_for_is_an_error(
    board: shoal.Board, fresh: Fresh
) -> None:
    key = fresh("value")
    await board.put(key, "text")
    with pytest.raises(InvalidMessage, match="the value is a str, not a"):
        await board.get(key, Plan)
    await board.put(key, {"text": "a dictionary that fits"})
    assert (await board.get(key, Plan)).value == Plan(text="a dictionary that fits")  # type: ignore[union-attr]


async def test_a_compare_and_set_is_refused_with_what_is_there(board: shoal.Board, fresh: Fresh) -> None:
    key = fresh("plan")
    first = await board.compare_and_set(key, Plan(size=1), expected=None)
    second = await board.compare_and_set(key, Plan(size=2), expected=first)
    for expected in (None, first, first.revision):
        with pytest.raises(Conflict) as caught:
            await board.compare_and_set(key, Plan(size=3), expected=expected)
        assert caught.value.entry == second
    assert (await board.compare_and_set(key, Plan(size=3), expected=second.revision)).version == 3


async def test_updates_of_one_key_by_many_at_once_all_count(board: shoal.Board, fresh: Fresh) -> None:
    key = fresh("count")

    async def add() -> None:
        for _ in range(10):
            await board.update(key, lambda value: (value or 0) + 1, int)

    await asyncio.gather(*(add() for _ in range(8)))
    entry = await board.get(key, int)
    assert entry is not None
    assert (entry.value, entry.version) == (80, 80)


async def test_a_deleted_key_is_gone_and_begins_anew(board: shoal.Board, fresh: Fresh) -> None:
    key = fresh("plan")
    entry = await board.put(key, 1)
    with pytest.raises(Conflict):
        await board.delete(key, expected=entry.revision - 1)
    assert await board.delete(key)
    assert not await board.delete(key)
    assert await board.get(key) is None
    assert (await board.put(key, 2)).version == 1
    assert [event.kind for event in await board.history(key)] == ["put", "delete", "put"]


async def test_a_range_is_of_one_revision_and_comes_in_pages(board: shoal.Board, fresh: Fresh) -> None:
    prefix = fresh("range") + "/"
    for number in range(5):
        await board.put(f"{prefix}{number}", number)
    page = await board.range(prefix, int, limit=2)
    await board.put(f"{prefix}2", -1)
    rest = await board.range(prefix, int, after=page[-1].key, revision=page.revision)
    assert [entry.value for entry in (*page, *rest)] == [0, 1, 2, 3, 4]
    assert (page.more, rest.more) == (True, False)
    newest = await board.range(prefix, int, order="mod_revision", descending=True, limit=1)
    assert [entry.value for entry in newest] == [-1]
    assert await board.delete_prefix(prefix) == 5


async def test_old_revisions_can_be_read_and_compared(board: shoal.Board, fresh: Fresh) -> None:
    prefix = fresh("old") + "/"
    before = (await board.put(prefix + "a", 1)).revision
    await board.put(prefix + "a", 2)
    after = (await board.put(prefix + "b", 3)).revision
    old = await board.get(prefix + "a", int, revision=before)
    assert old is not None
    assert old.value == 1
    differences = await board.diff(before, after, prefix)
    assert [(key, was and was.value, now and now.value) for key, was, now in differences] == [
        (prefix + "a", 1, 2), (prefix + "b", None, 3),
    ]  # fmt: skip
    with pytest.raises(FutureRevision):
        await board.get(prefix + "a", revision=after + 1_000_000)


async def test_a_transaction_is_all_or_nothing_at_one_revision(board: shoal.Board, fresh: Fresh) -> None:
    a, b = fresh("a"), fresh("b")
    await board.put(a, 1)
    done = await board.transaction(
        Key(a).value == 1, Key(b).version == 0, then=[Do.put(a, 2), Do.put(b, 2), Do.get(a)]
    )
    assert done.succeeded
    assert [answer.revision for answer in done.answers] == [done.revision] * 3  # type: ignore[union-attr]
    refused = await board.transaction(Key(a).value == 1, then=[Do.delete(a)], otherwise=[Do.get(b)])
    assert not refused
    assert refused.answers[0].value == 2  # type: ignore[union-attr]
    with pytest.raises(InvalidOperation):
        await board.transaction(then=[Do.put(a, 5), Do.put(a, 6)])
    assert (await board.get(a)).value == 2  # type: ignore[union-attr]


async def test_what_cannot_be_kept_is_refused_by_its_name(board: shoal.Board, fresh: Fresh) -> None:
    with pytest.raises(InvalidKey):
        await board.put("k" * 1024 * 1024, 1)
    for key in ("", "a\x00b", "a\nb"):
        with pytest.raises(InvalidKey):
            await board.put(key, 1)
    with pytest.raises(ValueRefused, match="object"):
        await board.put(fresh("k"), object())
    with pytest.raises(ValueRefused, match=r"1,048,\d\d\d bytes"):
        await board.put(fresh("k"), b"x" * 1024 * 1024)
    for ttl_s in (0, -1, float("nan"), float("inf")):
        with pytest.raises(InvalidOperation):
            await board.put(fresh("k"), 1, ttl_s=ttl_s)
        with pytest.raises(InvalidOperation):
            await board.lease(ttl_s)


# -- regions -----------------------------------------------------------------------------------------------


async def test_an_agent_writes_under_its_own_name_because_of_the_message_it_handles(
    system: shoal.System, board: shoal.Board, crowd: str, fresh: Fresh
) -> None:
    agent = await system.spawn(Scribbler, name=fresh("scribbler"), host=crowd)
    key = fresh("plan")
    revision = await agent.ask(Plan(text=key), task="task-7")
    entry = await board.get(key, Plan)
    assert entry is not None
    assert (entry.revision, entry.author, entry.task) == (revision, agent.address, "task-7")
    assert await agent.ask(key) == Plan(text=key)


async def test_a_region_that_nobody_opened_is_an_error_that_says_how(
    system: shoal.System, board: shoal.Board, crowd: str, fresh: Fresh
) -> None:
    agent = await system.spawn(Lost, name=fresh("lost"), host=crowd)
    assert "system.board('nowhere').open()" in await agent.ask("nowhere")
    with pytest.raises(ConfigError):
        system.board("no good name")
    with pytest.raises(ConfigError, match="histroy"):
        system.board("typo", histroy=3)
    with pytest.raises(ConfigError, match="other settings"):
        system.board("main", history=3)


async def test_a_region_with_a_schema_refuses_what_does_not_fit(system: shoal.System, fresh: Fresh) -> None:
    board = system.board(fresh("typed"), durable=False, schema={"plan/": Plan, "plan/size/": int})
    await board.put("plan/a", Plan(text="a"))
    await board.put("plan/size/a", 3)
    await board.put("elsewhere", "anything")
    for key, value in (("plan/a", "text"), ("plan/a", {"size": "many"}), ("plan/size/a", Plan())):
        with pytest.raises(SchemaRefused, match=key):
            await board.put(key, value)
    with pytest.raises(ConfigError, match="schema"):
        system.board(fresh("typed"), schema={"a/": object})
    await system.stop(f"board/{board.region}")


async def test_history_below_what_a_region_keeps_is_compacted(system: shoal.System, fresh: Fresh) -> None:
    board = system.board(fresh("short"), durable=False, history=10)
    first = await board.put("a", 0)
    for number in range(400):
        await board.put("a", number)
    with pytest.raises(Compacted) as caught:
        await board.get("a", revision=first.revision)
    oldest = caught.value.details["oldest"]
    assert (await board.get("a", revision=oldest)) is not None
    with pytest.raises(Compacted):
        await anext(board.watch(since=first.revision))
    await board.compact(await_revision := (await board.status()).revision)
    assert (await board.status()).oldest == await_revision
    await system.stop(f"board/{board.region}")


# -- work --------------------------------------------------------------------------------------------------


async def test_an_item_is_claimed_by_priority_and_completed_once(board: shoal.Board, fresh: Fresh) -> None:
    prefix = fresh("task") + "/"
    for name, priority in (("low", 0), ("high", 5), ("also high", 5)):
        await board.post(prefix + name, Plan(text=name), priority=priority)
    order = []
    for _ in range(3):
        async with board.claim(Plan, prefix=prefix) as item:
            order.append(item.value.text)
            item.result = len(order)
    assert order == ["high", "also high", "low"]
    done = await board.get(prefix + "low", Plan)
    assert done is not None
    assert done.item is not None
    assert (done.item.state, done.result(int)) == ("done", 3)
    with pytest.raises(NothingToClaim):
        async with board.claim(prefix=prefix, wait_s=0):
            pass


async def test_a_claim_looks_at_tags_and_fields(board: shoal.Board, fresh: Fresh) -> None:
    prefix = fresh("task") + "/"
    await board.post(prefix + "a", Plan(size=9), tags={"research", "web"}, priority=9)
    await board.post(prefix + "b", Plan(size=2), tags={"research"})
    await board.post(prefix + "c", Plan(size=1), tags={"write"})
    async with board.claim(Plan, prefix=prefix, tags={"research"}, where=[Field("size") < 5]) as item:
        assert item.key == prefix + "b"
    async with board.claim(Plan, prefix=prefix, where={"size": 1}) as item:
        assert item.key == prefix + "c"
    async with board.claim(Plan, prefix=prefix, tags={"research", "web"}) as item:
        assert item.key == prefix + "a"


async def test_a_claim_waits_for_an_item_to_come(board: shoal.Board, fresh: Fresh) -> None:
    prefix = fresh("task") + "/"

    async def work() -> str:
        async with board.claim(prefix=prefix, tags={"mine"}) as item:
            return item.key

    working = asyncio.create_task(work())

    async def waiting() -> bool:
        return (await board.status()).claimers > 0

    await eventually(waiting)
    await board.post(prefix + "not", 1)
    await board.post(prefix + "yes", 1, tags={"mine"})
    assert await working == prefix + "yes"


async def test_an_attempt_that_fails_comes_back_and_the_last_one_is_the_end(
    board: shoal.Board, fresh: Fresh
) -> None:
    prefix = fresh("task") + "/"
    await board.post(prefix + "a", 1, max_attempts=2, backoff_s=0.01)
    await board.post(prefix + "b", 1, depends_on=[prefix + "a"])
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            async with board.claim(prefix=prefix):
                raise ZeroDivisionError("again")
    dead, dependent = await board.range(prefix)
    assert dead.item is not None
    assert dependent.item is not None
    assert (dead.item.state, dependent.item.state) == ("dead", "dead")
    assert dead.item.errors == ("ZeroDivisionError: again",) * 2


async def test_items_wait_for_what_they_depend_on(board: shoal.Board, fresh: Fresh) -> None:
    prefix = fresh("task") + "/"
    await board.post(prefix + "first", 1)
    await board.post(prefix + "then", 1, depends_on=[prefix + "first"], priority=9)
    with pytest.raises(NoSuchKey):
        await board.post(prefix + "x", 1, depends_on=[prefix + "nothing"])
    async with board.claim(prefix=prefix) as item:
        assert item.key == prefix + "first"
        assert await board.try_claim(prefix=prefix) is None
    async with board.claim(prefix=prefix) as item:
        assert item.key == prefix + "then"


async def test_an_item_whose_lease_ran_out_goes_to_another_and_the_first_is_refused(
    board: shoal.Board, fresh: Fresh
) -> None:
    key = fresh("task")
    await board.post(key, 1, backoff_s=0)
    slow = await board.try_claim(prefix=key, lease_s=0.05)
    assert slow is not None
    async with board.claim(prefix=key) as item:
        assert item.token > slow.token
        for late in (slow.complete("late"), slow.renew(), slow.fail("late"), slow.give_back()):
            with pytest.raises(LeaseLost):
                await late
        item.result = "right"
    entry = await board.get(key)
    assert entry is not None
    assert entry.result() == "right"
    with pytest.raises(LeaseLost):
        await slow.complete("very late")


async def test_a_block_whose_item_was_taken_away_is_cut_off(board: shoal.Board, fresh: Fresh) -> None:
    key = fresh("task")
    await board.post(key, 1)

    async def work() -> None:
        async with board.claim(prefix=key, lease_s=0.3):
            await board.delete(key)
            await for_ever()

    with pytest.raises(LeaseLost):
        await work()


async def test_a_block_that_takes_longer_than_its_lease_keeps_it(board: shoal.Board, fresh: Fresh) -> None:
    key = fresh("task")
    await board.post(key, 1)
    async with board.claim(prefix=key, lease_s=0.3) as item:
        with pytest.raises(NothingToClaim):  # for longer than the lease
            async with board.claim(prefix=key, wait_s=0.8):
                pass
    assert (await board.get(key)).item.token == item.token  # type: ignore[union-attr]


async def test_a_block_that_is_cancelled_gives_its_item_back(board: shoal.Board, fresh: Fresh) -> None:
    key = fresh("task")
    await board.post(key, 1)
    entered = asyncio.Event()

    async def work() -> None:
        async with board.claim(prefix=key):
            entered.set()
            await for_ever()

    working = asyncio.create_task(work())
    await entered.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    async with board.claim(prefix=key) as item:
        assert item.attempt == 1


async def test_an_item_is_no_plain_entry(board: shoal.Board, fresh: Fresh) -> None:
    key = fresh("task")
    await board.post(key, 1)
    with pytest.raises(Conflict):
        await board.post(key, 2)
    with pytest.raises(ItemState):
        await board.put(key, 2)
    assert await board.delete(key)


async def test_what_follows_from_an_item_is_posted_in_the_moment_of_its_completion(
    board: shoal.Board, fresh: Fresh
) -> None:
    prefix = fresh("task") + "/"
    await board.post(prefix + "a", 1)
    item = await board.try_claim(prefix=prefix)
    assert item is not None
    done = await board.transaction(then=[Do.complete(item, "found"), Do.post(prefix + "b", 2)])
    assert {answer.revision for answer in done.answers} == {done.revision}  # type: ignore[union-attr]


async def test_a_block_whose_item_a_transaction_completed_has_nothing_left_to_hold(
    board: shoal.Board, fresh: Fresh
) -> None:
    key = fresh("task")
    await board.post(key, 1)
    async with board.claim(prefix=key, lease_s=0.3) as item:
        await board.transaction(then=[Do.complete(item, "done")])
        await outlive(board, fresh("other"), 0.5)
    assert (await board.get(key)).result() == "done"  # type: ignore[union-attr]


# -- time --------------------------------------------------------------------------------------------------


async def test_an_entry_with_a_time_to_live_is_deleted_by_the_board(board: shoal.Board, fresh: Fresh) -> None:
    key = fresh("alive")
    entry = await board.put(key, 1, ttl_s=0.2)
    events = board.watch(key, since=entry.revision)
    put, gone = await anext(events), await anext(events)
    assert (put.kind, gone.kind, gone.author) == ("put", "delete", "")
    assert await board.get(key) is None


async def test_a_lease_is_kept_alive_by_its_block_and_ends_with_it(board: shoal.Board, fresh: Fresh) -> None:
    key = fresh("alive")
    async with await board.lease(0.3) as lease:
        await board.put(key, 1, lease=lease)
        await outlive(board, fresh("other"), 0.8)
        assert await board.get(key) is not None
    assert await board.get(key) is None
    with pytest.raises(LeaseLost):
        await lease.keep_alive()


# -- watching ----------------------------------------------------------------------------------------------


async def test_watchers_see_every_change_in_order_from_the_revision_they_name(
    board: shoal.Board, fresh: Fresh
) -> None:
    prefix = fresh("watch") + "/"
    first = await board.put(prefix + "0", 0)

    async def see(since: int) -> list[Any]:
        seen: list[Any] = []
        async for event in board.watch(prefix, int, since=since):
            seen.append(event.value)
            if event.value == 99:
                return seen
        return seen

    early = [asyncio.create_task(see(first.revision)) for _ in range(5)]
    for number in range(1, 100):
        await board.put(f"{prefix}{number % 7}", number)
        await board.put(fresh("other"), number)
    assert await asyncio.gather(*early, see(first.revision)) == [list(range(100))] * 6


async def test_a_watch_without_a_revision_begins_with_what_comes(board: shoal.Board, fresh: Fresh) -> None:
    key = fresh("watch")
    await board.put(key, "before")
    events = board.watch(key)
    coming = asyncio.ensure_future(anext(events))

    async def watched() -> bool:
        return (await board.status()).watchers > 0

    await eventually(watched)
    await board.put(key, "after")
    event = await coming
    assert (event.kind, event.value) == ("put", "after")
