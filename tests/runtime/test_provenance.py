"""Origins on one host: how they join, that they only get worse, and that nobody but the runtime sets them."""

from __future__ import annotations

import asyncio
from typing import Any

import msgpack
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import shoal
from shoal.runtime.envelope import Scope
from shoal.runtime.errors import ProtocolError
from shoal.runtime.provenance import SOURCES_KEPT, Origin, Taint, marked_tag, read_marked_tag
from shoal.runtime.wire import Data, Group, Reply, Report, Status, ending, pack_data, pack_report, unpack
from tests.contract.origin_agents import Do, Doer, Fetch, Fetcher, Keeper, Notes, Told, Which, Witness
from tests.runtime.strategies import envelope

seen = st.lists(st.tuples(st.sampled_from(Origin), st.sampled_from("abcdefgh")))


@given(first=seen, second=seen)
def test_the_worst_of_what_was_seen_counts_and_its_first_sources_are_kept(
    first: list[tuple[Origin, str]], second: list[tuple[Origin, str]]
) -> None:
    taint = Taint()
    worst = 0
    for origin, source in [*first, *second]:
        taint.join(origin, source)
        worst = max(worst, origin)
        assert taint.origin == worst
    of_worst = dict.fromkeys(source for origin, source in [*first, *second] if origin == worst and worst)
    assert list(taint.sources) == list(of_worst)[:SOURCES_KEPT]


@given(tag=st.text(max_size=6) | st.text("~0123", max_size=6), origin=st.sampled_from(Origin))
def test_a_tag_is_read_as_it_was_marked(tag: str, origin: Origin) -> None:
    assert read_marked_tag(marked_tag(tag, origin)) == (tag, origin)


# -- on the wire ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("forged", [4, -1, True, None, "0", 0.0, 2**40])
def test_a_message_of_an_origin_that_there_is_not_is_a_protocol_error(forged: Any) -> None:
    message = envelope(scope=Scope(origin=forged))
    with pytest.raises(ProtocolError, match="scope"):
        unpack(pack_data(Data(1, 1, 0, [Group("agent", 1, [message])])))


@pytest.mark.parametrize("forged", [3, 15, ending(Status.OK, 3) + 16, -1, True, 2**40, "0"])
def test_an_answer_of_an_origin_that_there_is_not_is_a_protocol_error(forged: Any) -> None:
    with pytest.raises(ProtocolError, match="reply"):
        unpack(pack_report(Report(1, 1, 0, [], [Reply(b"i" * 12, forged, "str", b"")])))


@given(status=st.sampled_from(Status), origin=st.sampled_from(Origin))
def test_an_answer_has_its_status_and_its_origin_in_one_number(status: Status, origin: Origin) -> None:
    reply = Reply(b"", ending(status, origin), "", b"")
    assert (reply.status, reply.origin) == (status, origin)


def test_trusted_answers_and_messages_take_no_more_bytes_than_before() -> None:
    assert ending(Status.OK, Origin.TRUSTED) == 0
    assert len(msgpack.packb(ending(Status.BY_REFERENCE, Origin.WEB))) == 1
    assert envelope(scope=None).scope is None


# -- no path loses it -----------------------------------------------------------------------------------------

STEPS = [
    "fetch",
    "fetch and fail",
    "fan",
    "model",
    "tool",
    "web",
    "tell",
    "get",
    "put",
    "range",
    "watch",
    "conflict",
]
GIVES = {"fetch": 3, "fetch and fail": 3, "fan": 2, "model": 1, "tool": 2, "web": 3}
READS = {"get", "range", "watch", "conflict"}


@settings(max_examples=30, deadline=None)
@example(steps=["put", "watch"], start=Origin.TRUSTED, there=Origin.MODEL, isolate=False)
@given(
    steps=st.lists(st.sampled_from(STEPS), max_size=10),
    start=st.sampled_from(Origin),
    there=st.sampled_from(Origin),
    isolate=st.booleans(),
)
def test_whatever_a_handling_does_it_has_seen_the_worst_so_far_and_so_has_who_hears_of_it(
    steps: list[str], start: Origin, there: Origin, isolate: bool
) -> None:
    asyncio.run(_play(steps, start, there, isolate))


async def _play(steps: list[str], start: Origin, there: Origin, isolate: bool) -> None:
    async with shoal.start("local", isolate=isolate) as system:
        board = await system.board().open()
        witness = await system.spawn(Witness(), name="witness")
        fetcher = await system.spawn(Fetcher(), name="fetcher")
        doer = await system.spawn(Doer(), name="doer")
        await doer.ask(Do(what=["put"]), origin=there)
        level, on_board, expected, told = start, there, [], []
        for number, step in enumerate(steps):
            to = witness if step == "tell" else fetcher
            # Each step is a handling of its own that begins with what the last one ended with.
            (got,) = await doer.ask(Do(what=[step], to=to.address), origin=level)
            # A watch begins with the first entry there ever was.
            read = there if step == "watch" else on_board if step in READS else Origin.TRUSTED
            level = max(level, Origin(GIVES.get(step, 0)), read)
            expected.append((number, step, int(level)))
            assert (number, step, got) == expected[-1]
            if step == "put":
                on_board = level
            if step == "tell":
                told.append(int(level))
        entry = await board.get("k")
        assert entry is not None
        assert entry.origin == on_board
        assert [origin for _, origin, _ in await witness.ask(Notes())] == told


async def test_handlings_that_run_at_once_do_not_make_each_other_worse() -> None:
    async with shoal.start("local") as system:
        fetcher = await system.spawn(Fetcher(), name="fetcher")
        doer = await system.spawn(Doer(), name="doer")
        both = [Do(what=["pause", "fetch", "pause"], to=fetcher.address), Do(what=["pause"] * 5)]
        worse, clean = await asyncio.gather(*(doer.ask(do) for do in both))
        assert worse == [0, 3, 3]
        assert clean == [0] * 5


async def test_an_agent_that_keeps_origins_makes_those_worse_that_run_beside() -> None:
    class Both(Doer):
        keeps_origins = True

    async with shoal.start("local") as system:
        doer = await system.spawn(Both(), name="doer")
        first, second = await asyncio.gather(
            doer.ask(Do(what=["pause", "web"])), doer.ask(Do(what=["model", "pause", "pause", "pause"]))
        )
        assert first == [1, 3]
        assert second[-1] == 3


async def test_a_hook_sends_what_it_saw_as_it_saw_it() -> None:
    class Eager(Fetcher):
        async def on_start(self, ctx: shoal.Context) -> None:
            await ctx.tell("witness", Told(text="before"))
            await ctx.ask("fetcher", Fetch())
            await ctx.tell("witness", Told(text="after"))

    async with shoal.start("local") as system:
        witness = await system.spawn(Witness(), name="witness")
        await system.spawn(Fetcher(), name="fetcher")
        await system.spawn(Eager(), name="eager")
        assert await witness.ask(Notes()) == [["before", 0, "eager"], ["after", 3, "eager"]]


async def test_a_message_can_be_sent_as_worse_than_its_sender_never_as_better() -> None:
    class Modest(Keeper):
        async def on_told(self, told: Told, ctx: shoal.Context) -> str:
            await ctx.tell("witness", Told(text="worse"), origin=Origin.TOOL)
            ctx.joined(Origin.WEB, "a page")
            await ctx.tell("witness", Told(text="better"), origin=Origin.TRUSTED)
            ctx.joined(Origin.TRUSTED, "a person")
            return str((await ctx.ask("witness", Which(), origin=Origin.MODEL))[0])

    async with shoal.start("local") as system:
        witness = await system.spawn(Witness(), name="witness")
        modest = await system.spawn(Modest(), name="modest")
        assert await modest.ask(Told()) == "3"
        assert [note[:2] for note in await witness.ask(Notes())] == [["worse", 2], ["better", 3]]
