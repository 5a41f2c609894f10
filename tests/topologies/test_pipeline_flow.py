"""What a pipeline does about bad output, slow stages and order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import shoal
from shoal.runtime.errors import ConfigError, HandlerError
from shoal.topologies.review.revision import Revision
from shoal.topologies.stages.in_order import InOrder
from tests.topologies.crew import Draft, Editor, Gate, Held, Reply, Step, Ticket, Writer


class Again(Revision):
    draft: Draft


class Drafter(shoal.Agent):
    """Heeds what is objected."""

    async def on_ticket(self, ticket: Ticket) -> Draft:
        return Draft(text=ticket.text)

    async def on_revision(self, revision: Again) -> Draft:
        return Draft(text=f"{revision.draft.text} please", steps=[str(each) for each in revision.objections])


class Stubborn(shoal.Agent):
    """Writes the same again and again, and counts."""

    def __init__(self) -> None:
        self.count = 0

    async def on_ticket(self, ticket: Ticket) -> Draft:
        self.count += 1
        return Draft(text=f"{ticket.text} {self.count}")


def polite(draft: Draft) -> str | None:
    return None if "please" in draft.text else "it is not polite"


def third(draft: Draft) -> bool:
    return draft.text.endswith(" 3")


def add_please(draft: Draft, why: str) -> Draft:
    return draft.model_copy(update={"text": f"{draft.text}, please ({why})"})


def worse(draft: Draft, why: str) -> Draft:
    return draft


def broken(draft: Draft, why: str) -> Draft:
    raise KeyError("tool box")


async def test_what_a_gate_refuses_goes_back_with_the_objection_to_a_stage_that_takes_it(
    system: shoal.System,
) -> None:
    gates = {"draft": shoal.gate(polite, back_to="draft")}
    team = await system.build(shoal.pipeline(draft=Drafter(), edit=Editor(), gates=gates))
    reply = await team.ask(Ticket(text="pay"))
    assert (reply.text, reply.steps) == ("pay please", ["the gate after draft: it is not polite", "editor"])


async def test_a_stage_that_takes_no_revision_gets_what_it_got_before(system: shoal.System) -> None:
    gates = {"draft": shoal.gate(third, back_to="sign", most=2)}
    team = await system.build(shoal.pipeline(sign=Step("s"), draft=Stubborn(), gates=gates))
    assert (await team.ask(Ticket(text="pay"))).text == "pay 3"


async def test_an_item_is_sent_back_so_many_times_and_then_ends(system: shoal.System) -> None:
    gates = {"draft": shoal.gate(polite, back_to="draft", most=3)}
    team = await system.build(shoal.pipeline(draft=Stubborn(), gates=gates))
    with pytest.raises(HandlerError, match="refused after 3 times back to 'draft': it is not polite"):
        await team.ask(Ticket(text="pay"))
    assert (
        await team.members["draft"].ask(Ticket(text="x"))
    ).text == "x 5"  # once, three times more, and this


async def test_without_sending_back_the_first_refusal_is_the_end(system: shoal.System) -> None:
    team = await system.build(shoal.pipeline(draft=Drafter(), gates={"draft": polite}))
    with pytest.raises(HandlerError, match="refused: it is not polite"):
        await team.ask(Ticket(text="pay"))


async def test_a_gate_repairs_what_it_can(system: shoal.System) -> None:
    gates = {"draft": shoal.gate(polite, repair=add_please)}
    team = await system.build(shoal.pipeline(draft=Drafter(), gates=gates))
    assert (await team.ask(Ticket(text="pay"))).text == "pay, please (it is not polite)"


@pytest.mark.parametrize(("repair", "why"), [(worse, "not polite"), (broken, "the repair failed: KeyError")])
async def test_a_repair_that_does_not_help_ends_the_item(system: shoal.System, repair: Any, why: str) -> None:
    team = await system.build(
        shoal.pipeline(draft=Drafter(), gates={"draft": shoal.gate(polite, repair=repair)})
    )
    with pytest.raises(HandlerError, match=why):
        await team.ask(Ticket(text="pay"))


def urgent(ticket: Ticket) -> bool:
    return ticket.skill == "urgent"


async def urgent_too(ticket: Ticket) -> bool:
    return ticket.skill == "urgent"


@pytest.mark.parametrize("skip", [urgent, urgent_too])
async def test_a_stage_is_skipped_by_items_that_do_not_need_it(system: shoal.System, skip: Any) -> None:
    team = await system.build(shoal.pipeline(a=Step("a"), b=Step("b"), skip={"a": skip}))
    assert (await team.ask(Ticket(text="", skill="urgent"))).steps == ["b"]
    assert (await team.ask(Ticket(text=""))).steps == ["a", "b"]


class Named(shoal.Agent):
    """Says which of the replicas it is."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Reply:
        await self.gate.pass_through()
        return Reply(text=ticket.text, by=ctx.address)


async def test_replicas_of_a_stage_work_side_by_side(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(
        shoal.pipeline(first=Step("a"), slow=Named(gate), replicas={"slow": 3}), name="line"
    )
    items = [asyncio.ensure_future(team.ask(Ticket(text=str(n)))) for n in range(6)]
    await gate.until_running(3)  # each handles one message at a time
    gate.open.set()
    by = sorted(reply.by for reply in await asyncio.gather(*items))
    assert by == [f"line/slow/{n}" for n in (1, 1, 2, 2, 3, 3)]


async def test_replicas_are_reached_by_their_address_alone_too(system: shoal.System) -> None:
    gate = Gate()
    gate.open.set()
    team = await system.build(shoal.replicas(Named(gate), 2), name="twins")
    by = {(await shoal.Ref("twins").ask(Ticket(text=""))).by for _ in range(4)}
    assert by == {"twins/1", "twins/2"}
    assert (await team.ask(Ticket(text=""))).by in by
    await shoal.Ref("twins").tell(Ticket(text=""))
    await team.stop(drain=True)


async def test_so_many_items_are_in_a_stage_at_once_and_no_more(system: shoal.System) -> None:
    gate, free = Gate(), Gate()
    for limit, door in ((2, gate), (None, free)):
        parallel = {"held": limit} if limit else {}
        team = await system.build(shoal.pipeline(a=Step("a"), held=Held(door), parallel=parallel))
        items = [asyncio.ensure_future(team.ask(Ticket(text=str(n)))) for n in range(6)]
        await door.until_running(limit or 6)
        door.open.set()
        await asyncio.gather(*items)
    assert (gate.most, free.most) == (2, 6)


class Uneven(shoal.Agent):
    """Holds the first until the second has passed, if that can be."""

    concurrency = 16

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    async def on_ticket(self, ticket: Ticket) -> Ticket:
        if ticket.text == "0":
            await self.gate.pass_through()
        return ticket


class Noting(shoal.Agent):
    """Notes in which order items come."""

    seen: list[str] = []  # noqa: RUF012 - one for all, on purpose

    async def on_ticket(self, ticket: Ticket) -> Ticket:
        self.seen.append(ticket.text)
        return ticket


@pytest.mark.parametrize("ordered", [True, False])
async def test_items_keep_their_order_when_that_is_asked_for(system: shoal.System, ordered: bool) -> None:
    gate = Gate()
    Noting.seen.clear()
    team = await system.build(
        shoal.pipeline(uneven=Uneven(gate), note=Noting(), uneven2=Uneven(gate), ordered=ordered)
    )
    items = [asyncio.ensure_future(team.ask(Ticket(text=str(n)))) for n in range(5)]
    await gate.until_running(1)
    if not ordered:
        await asyncio.gather(*items[1:])
    gate.open.set()
    await asyncio.gather(*items)
    assert Noting.seen == (["0", "1", "2", "3", "4"] if ordered else ["1", "2", "3", "4", "0"])


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), min_size=1, max_size=8), st.randoms())
def test_whoever_fails_on_the_way_holds_nobody_up_and_lets_nobody_past(
    items: list[tuple[bool, int]], random: Any
) -> None:
    """Items of three stages; some end in the middle. Those that go through leave in the order in which they came."""

    async def run() -> list[int]:
        out: list[int] = []
        order = InOrder(3)

        async def item(number: int, fails: bool, at: int) -> None:
            place = places[number]
            try:
                for stage in range(3):
                    for _ in range(random.randrange(4)):
                        await asyncio.sleep(0)
                    if fails and stage == at:
                        return
                    await place.leave(stage)
                out.append(number)
            finally:
                place.gone()

        places = [order.enter() for _ in items]
        async with asyncio.timeout(10):
            await asyncio.gather(*(item(n, *one) for n, one in enumerate(items)))
        return out

    left = asyncio.run(run())
    assert left == sorted(left)
    assert len(left) == sum(not (fails and at < 3) for fails, at in items)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (
            lambda: shoal.pipeline(a=Step("a"), gates={"a": shoal.gate(polite, back_to="b")}),
            "sends back to 'b'",
        ),
        (
            lambda: shoal.pipeline(a=Step("a"), b=Step("b"), gates={"a": shoal.gate(polite, back_to="b")}),
            "which comes after it",
        ),
        (
            lambda: shoal.pipeline(a=Step("a"), gates={"a": shoal.gate(polite, back_to="a", most=0)}),
            "most is 0",
        ),
        (lambda: shoal.pipeline(a=Step("a"), skip={"b": urgent}), "skip 'b' belongs to no stage"),
        (lambda: shoal.pipeline(a=Step("a"), skip={"a": 3}), "skip 'a' is 3"),  # type: ignore[dict-item]
        (lambda: shoal.pipeline(a=Step("a"), parallel={"a": 0}), "parallel 'a' is 0"),
        (lambda: shoal.pipeline(a=Step("a"), replicas={"b": 2}), "replicas 'b' belongs to no stage"),
        (lambda: shoal.pipeline(a=Step("a"), replicas={"a": 0}), "0 of them do no work"),
        (
            lambda: shoal.pipeline(a=Step("a"), b=Writer(), c=Editor(), skip={"b": urgent}),
            "stage 'a' returns Ticket, which stage 'c' does not accept",
        ),
        (
            lambda: shoal.pipeline(b=Writer(), c=Editor(), skip={"b": urgent}),
            "all stages before 'c' may be skipped, and it does not accept Ticket",
        ),
    ],
)
async def test_what_cannot_work_is_refused_before_anything_is_started(
    system: shoal.System, make: Any, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        await system.build(make())


def test_more_than_four_stages_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    shoal.pipeline(*(Step(str(n)) for n in range(4))).check()
    assert not caplog.records
    shoal.pipeline(*(Step(str(n)) for n in range(5))).check()
    assert "has 5 stages" in caplog.text
