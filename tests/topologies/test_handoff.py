"""Handoff: agents pass a task on with what they know."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ValidationError

import shoal
from shoal.actors.llm import LLMAgent
from shoal.errors import AskTimeout, ConfigError, HandlerError
from shoal.models.scripted import ScriptedModel
from shoal.topologies.errors import HandoffLoop, HandoverRefused
from shoal.topologies.handoff import handoff
from shoal.topologies.transfers.transfer import Handed, HandoffRecord, Transfer
from tests.topologies.crew import Gate, Reply, Ticket, Worker


def to(name: str, reason: str = "not mine", **more: Any) -> Transfer:
    return Transfer(to=name, goal="solve it", reason=reason, **more)


class Desk(shoal.Agent):
    """Hands over as the ticket says: its text is a path like ``billing>tech``; answers when it is walked."""

    concurrency = 2000

    def __init__(self, name: str) -> None:
        self.name = name

    async def on_ticket(self, ticket: Ticket) -> Reply | Transfer:
        return self._next(ticket.text.split(">"), 0, ())

    async def on_handed(self, handed: Handed) -> Reply | Transfer:
        return self._next(handed.task["text"].split(">"), len(handed.path), handed.tried)

    def _next(self, way: Sequence[str], at: int, tried: tuple[str, ...]) -> Reply | Transfer:
        if at < len(way) and way[at]:
            return to(way[at], f"reason {at}", tried=(*tried, self.name), state="open", payload={"at": at})
        return Reply(text=">".join(way), by=self.name, steps=list(tried))


class Deaf(shoal.Agent):
    """Takes tickets only, and sees nothing of a hand-over."""

    async def on_ticket(self, ticket: Ticket) -> Reply:
        return Reply(text=ticket.text, by="deaf")


def desks(*names: str) -> dict[str, Any]:
    return {name: Desk(name) for name in names}


def cause_of(caught: pytest.ExceptionInfo[HandlerError], kind: type) -> dict[str, Any]:
    cause = caught.value.cause
    assert cause is not None
    assert type(cause) is kind
    return cause.details


# -- normal work -----------------------------------------------------------------------------------------------


async def test_a_task_goes_from_agent_to_agent_until_one_answers(system: shoal.System) -> None:
    team = await system.build(handoff(**desks("triage", "billing", "tech")))
    assert (await team.ask(Ticket(text=""))).by == "triage"
    reply = await team.ask(Ticket(text="tech>billing"))
    assert reply == Reply(text="tech>billing", by="billing", steps=["triage", "tech"])


async def test_who_starts_can_be_said_and_agents_can_have_no_names(system: shoal.System) -> None:
    team = await system.build(handoff(Desk("1"), Desk("2"), start="2"))
    assert (await team.ask(Ticket(text=""))).by == "2"
    assert (await team.ask(Ticket(text="1"))).by == "1"


async def test_the_next_agent_gets_the_task_and_all_that_was_said_of_it(system: shoal.System) -> None:
    seen: list[Handed] = []

    async def billing(handed: Handed) -> Reply:
        seen.append(handed)
        return Reply(text="", by="billing")

    team = await system.build(handoff(triage=Desk("triage"), tech=Desk("tech"), billing=billing))
    await team.ask(Ticket(text="tech>billing", skill="x"))
    (handed,) = seen
    assert handed.task == {"text": "tech>billing", "skill": "x", "steps": []}
    assert (handed.goal, handed.reason, handed.state) == ("solve it", "reason 1", "open")
    assert (handed.tried, handed.payload) == (("triage", "tech"), {"at": 1})
    assert [(one.by, one.to, one.reason) for one in handed.path] == [
        ("triage", "tech", "reason 0"), ("tech", "billing", "reason 1"),
    ]  # fmt: skip


class Refund(BaseModel):
    cents: int


class RefundTransfer(Transfer):
    to: Literal["billing"] = "billing"
    payload: Refund


class RefundHanded(Handed):
    task: Ticket
    payload: Refund


async def test_what_is_handed_over_can_have_types(system: shoal.System) -> None:
    async def triage(ticket: Ticket) -> Reply | RefundTransfer:
        return RefundTransfer(goal="refund", reason="money", payload=Refund(cents=1200))

    async def billing(handed: RefundHanded) -> Reply:
        return Reply(text=f"{handed.task.text}: {handed.payload.cents}", by="billing")

    team = await system.build(handoff(triage=triage, billing=billing))
    assert (await team.ask(Ticket(text="twice"))).text == "twice: 1200"


async def test_a_payload_of_another_type_is_an_error_that_names_the_field(system: shoal.System) -> None:
    async def billing(handed: RefundHanded) -> Reply:
        return Reply(text="", by="billing")

    team = await system.build(handoff(triage=Desk("triage"), billing=billing))
    with pytest.raises(HandlerError, match=r"RefundHanded, made for billing,: payload.cents: Field required"):
        await team.ask(Ticket(text="billing"))


async def test_llm_agents_hand_over_by_their_output_and_read_the_hand_over(system: shoal.System) -> None:
    triage = LLMAgent(
        ScriptedModel([f'{{"answer": {to("billing", "about money").model_dump_json()}}}']),
        "Answer, or hand over to billing.", input=Ticket | Handed, output=Reply | Transfer,
    )  # fmt: skip
    billing = LLMAgent(
        ScriptedModel({"because: about money": "12 euros are on their way"}, default="what?"), "Refund."
    )
    team = await system.build(handoff(triage=triage, billing=billing))
    assert await team.ask(Ticket(text="charged twice")) == "12 euros are on their way"


async def test_a_model_that_leaves_out_the_goal_is_told_so(system: shoal.System) -> None:
    blank = '{"answer": {"to": "billing", "goal": " ", "reason": "money"}}'
    model = ScriptedModel([blank, f'{{"answer": {to("billing", "money").model_dump_json()}}}'])
    triage = LLMAgent(model, input=Ticket | Handed, output=int | Transfer)
    team = await system.build(handoff(triage=triage, billing=Desk("billing")))
    assert (await team.ask(Ticket(text="x>"))).by == "billing"


async def test_an_edge_can_give_the_whole_history_to_an_agent_that_takes_text(system: shoal.System) -> None:
    async def billing(said: str) -> str:
        return said

    team = await system.build(
        handoff(triage=Desk("triage"), billing=shoal.edge(billing, context=shoal.Whole()))
    )
    said = await team.ask(Ticket(text="billing"))
    assert said.splitlines()[1].startswith('triage: {"to":"billing","goal":"solve it","reason":"reason 0"')


async def test_the_record_has_the_path_and_each_transfer_is_logged_with_its_reason(
    system: shoal.System, caplog: pytest.LogCaptureFixture
) -> None:
    team = await system.build(handoff(**desks("triage", "billing", "tech"), record=True), name="h")
    with caplog.at_level(logging.INFO, logger="shoal.topologies"):
        record = await team.ask(Ticket(text="tech>billing"))
    assert isinstance(record, HandoffRecord)
    assert (record.by, record.answer["by"]) == ("billing", "billing")
    assert [(one.by, one.to, one.reason) for one in record.path] == [
        ("triage", "tech", "reason 0"), ("tech", "billing", "reason 1"),
    ]  # fmt: skip
    assert caplog.messages == [
        "h: triage hands over to tech: reason 0",
        "h: tech hands over to billing: reason 1",
    ]


# -- required fields -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["goal", "reason"])
def test_a_transfer_says_goal_and_reason(field: str) -> None:
    """MAST FM-2.4: a hand-over lacking a required field is refused."""
    fields: dict[str, Any] = {"to": "billing", "goal": "refund", "reason": "money"}
    for wrong in ({}, {field: ""}, {field: " \n"}):
        with pytest.raises(ValidationError, match=field):
            Transfer(**{name: value for name, value in fields.items() if name != field} | wrong)
    assert Transfer(**fields).to == "billing"


async def test_a_hand_over_without_a_field_that_the_team_requires_is_refused(system: shoal.System) -> None:
    """MAST FM-2.4."""

    async def triage(ticket: Ticket) -> Transfer:
        return Transfer(to="billing", goal="refund", reason="money")

    team = await system.build(handoff(triage=triage, billing=Desk("b"), requires=["goal", "tried", "state"]))
    with pytest.raises(
        HandlerError, match="'triage' hands the task over to 'billing' without tried"
    ) as caught:
        await team.ask(Ticket(text="x>"))
    assert cause_of(caught, HandoverRefused)["to"] == "billing"
    team = await system.build(handoff(triage=triage, billing=Desk("b")))
    assert (await team.ask(Ticket(text="x>"))).by == "b"


async def test_an_agent_that_would_not_see_the_hand_over_is_refused_unless_that_is_said(
    system: shoal.System,
) -> None:
    with pytest.raises(ConfigError, match="'deaf' accepts Ticket, and would not see why a task is handed"):
        await system.build(handoff(triage=Desk("triage"), deaf=Deaf()))
    team = await system.build(handoff(triage=Desk("triage"), deaf=Deaf(), needs_context=False))
    assert (await team.ask(Ticket(text="deaf"))).by == "deaf"


async def test_one_that_starts_and_takes_only_tasks_is_handed_nothing_back(system: shoal.System) -> None:
    async def triage(ticket: Ticket) -> Transfer:
        return to("billing")

    team = await system.build(handoff(triage=triage, billing=Desk("billing")))
    assert (await team.ask(Ticket(text="x>"))).by == "billing"
    with pytest.raises(HandlerError, match="'billing' may not hand over to 'triage'; it can go to billing"):
        await team.ask(Ticket(text="x>triage"))
    bare = await system.build(handoff(triage=triage, billing=Desk("billing"), needs_context=False))
    with pytest.raises(HandlerError, match="more than 2 times back and forth"):
        await bare.ask(Ticket(text="x>triage>x>triage>x>triage>x>triage"))


# -- nobody, and too often -------------------------------------------------------------------------------------


async def test_a_transfer_to_nobody_goes_to_the_default_agent_or_is_an_error(system: shoal.System) -> None:
    team = await system.build(handoff(**desks("triage", "billing", "person"), default="person", record=True))
    record = await team.ask(Ticket(text="sales"))
    assert record.by == "person"
    assert record.path[0].note == "'triage' hands over to 'sales', and nobody is called so"
    team = await system.build(handoff(**desks("triage", "billing")))
    with pytest.raises(HandlerError, match="nobody is called so; it can go to triage, billing") as caught:
        await team.ask(Ticket(text="sales"))
    details = cause_of(caught, HandoverRefused)
    assert (details["by"], details["to"], details["known"]) == ("triage", "sales", ["triage", "billing"])


async def test_who_may_hand_over_to_whom_can_be_given(system: shoal.System) -> None:
    allowed = {"triage": ["tech"], "tech": ["billing"]}
    team = await system.build(handoff(**desks("triage", "tech", "billing"), allowed=allowed))
    assert (await team.ask(Ticket(text="tech>billing"))).by == "billing"
    with pytest.raises(HandlerError, match="'triage' may not hand over to 'billing'; it can go to tech"):
        await team.ask(Ticket(text="billing"))
    with pytest.raises(HandlerError, match="'billing' may not hand over to 'tech'; it can go to nobody"):
        await team.ask(Ticket(text="tech>billing>tech"))
    free = await system.build(handoff(**desks("triage", "tech", "billing")))
    assert (await free.ask(Ticket(text="billing"))).by == "billing"
    default = await system.build(
        handoff(**desks("triage", "tech", "billing"), allowed=allowed, default="triage")
    )
    assert (await default.ask(Ticket(text="tech>triage"))).by == "triage"


@pytest.mark.parametrize(
    ("way", "limits", "path"),
    [
        ("b>a>b>a>b>a", {}, "a -> b -> a -> b -> a"),
        ("b>a>b>a>b>a", {"most_bounces": 0}, "a -> b -> a"),
        ("b>a>b>a>b>a", {"most_bounces": 9}, ""),
        ("a>a>a", {}, "a -> a -> a -> a"),
        ("b>c>a>b>c>a>b>c>a>b", {}, "a -> b -> c -> a -> b -> c -> a -> b -> c -> a"),
        ("b>c>a>b>c>a>b>c>a>b", {"most_transfers": 10}, ""),
        ("b", {"most_transfers": 0}, "a -> b"),
    ],
)
async def test_a_task_is_not_passed_about_for_ever(
    system: shoal.System, way: str, limits: dict[str, Any], path: str
) -> None:
    team = await system.build(handoff(**desks("a", "b", "c"), **limits))
    if not path:
        assert (await team.ask(Ticket(text=way))).by == way[-1]
        return
    with pytest.raises(HandlerError, match=rf"{path}; the last said: reason") as caught:
        await team.ask(Ticket(text=way))
    assert " -> ".join(cause_of(caught, HandoffLoop)["path"]) == path


async def test_what_goes_too_often_goes_to_the_default_agent_once(system: shoal.System) -> None:
    team = await system.build(handoff(**desks("a", "b", "person"), default="person", record=True))
    record = await team.ask(Ticket(text="b>a>b>a"))
    assert (record.by, record.path[-1].last) == ("person", True)
    assert record.path[-1].note == "more than 2 times back and forth"
    with pytest.raises(HandlerError, match="the default agent was the last that it could go to"):
        await team.ask(Ticket(text="b>a>b>a>b"))
    with pytest.raises(HandlerError, match="the default agent was the last that it could go to"):
        await team.ask(Ticket(text="b>a>b>a>nobody"))


# -- conversations ---------------------------------------------------------------------------------------------


class Said(BaseModel):
    customer: str = ""
    text: str


class Clerk(shoal.Agent):
    """Keeps who talks to it; hands over when it is told to."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def on_said(self, said: Said) -> Reply | Transfer:
        return to(said.text) if said.text in ("billing", "tech") else Reply(text=said.text, by=self.name)

    async def on_handed(self, handed: Handed) -> Reply | Transfer:
        return Reply(text=handed.reason, by=self.name)


class HandedOnly(shoal.Agent):
    async def on_handed(self, handed: Handed) -> Reply:
        return Reply(text=f"{handed.task['text']}, {handed.reason}", by="tech")


def clerks(**options: Any) -> Any:
    return handoff(triage=Clerk("triage"), billing=Clerk("billing"), tech=HandedOnly(), **options)


async def test_a_conversation_goes_on_with_the_agent_that_has_it(system: shoal.System) -> None:
    sticky = await system.build(clerks(conversation="customer"), name="sticky")
    loose = await system.build(clerks())
    for team, then in ((sticky, "billing"), (loose, "triage")):
        assert (await team.ask(Said(customer="ann", text="billing"))).by == "billing"
        assert (await team.ask(Said(customer="ann", text="and?"))).by == then
        assert (await team.ask(Said(customer="bob", text="hello"))).by == "triage"
        assert (await team.ask(Said(text="hello"))).by == "triage"
    assert (await sticky.ask(Said(customer="ann", text="tech"))).by == "tech"
    assert (await sticky.ask(Said(customer="ann", text="and"))).text == "and, the conversation is yours"
    entry = await system.board().get("handoff/sticky/ann", str)
    assert entry is not None
    assert (entry.value, entry.author) == ("tech", "sticky")


async def test_a_conversation_outlives_the_team_and_its_system(tmp_path: Path) -> None:
    for number in range(2):
        async with shoal.start("local", run_dir=tmp_path, stop_grace_s=0.2) as running:
            team = await running.build(clerks(conversation="customer"), name="desk")
            if number == 0:
                await team.ask(Said(customer="a/b c" * 40, text="billing"))
            assert (await team.ask(Said(customer="a/b c" * 40, text="and?"))).by == "billing"


async def test_a_conversation_is_forgotten_after_a_while(system: shoal.System) -> None:
    team = await system.build(clerks(conversation="customer", keep_s=0.05), name="desk")
    await team.ask(Said(customer="ann", text="billing"))
    async with asyncio.timeout(30):
        async for event in system.board().watch("handoff/desk/ann", since=1):
            if event.kind == "delete":
                break
    assert (await team.ask(Said(customer="ann", text="and?"))).by == "triage"


# -- wiring ----------------------------------------------------------------------------------------------------


class ToSales(Transfer):
    to: Literal["billing", "sales"]


class Seller(shoal.Agent):
    async def on_ticket(self, ticket: Ticket | Handed) -> Reply | ToSales:
        return Reply(text="", by="seller")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (handoff, "handoff has no members"),
        (lambda: handoff(**desks("a", "b"), start="c"), "handoff: start names 'c', and nobody is called so"),
        (lambda: handoff(**desks("a", "b"), default="c"), "handoff: default names 'c', and nobody is called so"),
        (lambda: handoff(**desks("a", "b"), allowed={"a": ["z"]}), "handoff: allowed names 'z'"),
        (lambda: handoff(**desks("a", "b"), allowed={"z": ["a"]}), "handoff: allowed names 'z'"),
        (lambda: handoff(**desks("a", "b", "c"), allowed={"a": ["b"]}), "nobody can hand anything over to 'c'"),
        (lambda: handoff(a=Worker(), b=Desk("b")), "handoff: nobody can hand anything over to 'b'"),
        (lambda: handoff(a=Seller(), billing=Desk("b")), "handoff: 'a' can hand over to 'sales', and nobody"),
        (lambda: handoff(a=Seller(), **desks("billing", "sales"), allowed={"a": ["billing"]}), "allowed does not"),
        (lambda: handoff(**desks("a", "b"), most_transfers=-1), "handoff: most_transfers is -1"),
        (lambda: handoff(**desks("a", "b"), most_bounces="x"), "handoff: most_bounces is 'x'"),  # type: ignore[arg-type]
        (lambda: handoff(**desks("a", "b"), requires=["mood"]), "handoff: requires names 'mood'"),
        (lambda: handoff(**desks("a", "b"), conversation="who"), "conversation='who' is no field of Ticket"),
        (lambda: handoff(**desks("a", "b"), conversation="text", keep_s=0), "handoff: keep_s is 0"),
        (lambda: handoff(a=HandedOnly(), b=Desk("b")), "handoff: 'a' takes only what is handed over"),
        (lambda: handoff(**desks("a", "b"), record=Ticket), "handoff: record is .*HandoffRecord"),  # type: ignore[arg-type]
        (lambda: handoff(Desk("a"), {"1": Desk("b")}), "handoff: two members are called '1'"),
    ],
)  # fmt: skip
def test_a_wiring_that_cannot_work_is_refused_before_anything_starts(make: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make().check()


def test_a_handoff_is_drawn_with_who_may_hand_over_to_whom() -> None:
    team = handoff(**desks("a", "b", "c"), allowed={"a": ["b"], "b": ["c", "a"]})
    assert [tuple(link)[:2] for link in team.links()] == [("", "a"), ("a", "b"), ("b", "c"), ("b", "a")]
    team.check()
    assert (team.signature().accepts, team.signature().returns) == ((Ticket,), (Reply,))
    assert handoff(**desks("a", "b"), record=True).signature().returns == (HandoffRecord,)


async def test_a_team_is_an_agent_among_others(system: shoal.System) -> None:
    async def second(handed: Handed) -> Ticket:
        return Ticket(text=handed.task["text"])

    team = await system.build(handoff(a=Desk("a"), b=shoal.pipeline(second, Deaf())))
    assert (await team.ask(Ticket(text="b"))).by == "deaf"


# -- many, and cut short ---------------------------------------------------------------------------------------


class HeldDesk(shoal.Agent):
    concurrency = 2000

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    async def on_handed(self, handed: Handed, ctx: shoal.Context) -> Reply:
        if handed.task["skill"] == "slow":
            self.gate.deadlines.append(ctx.deadline)
            try:
                await self.gate.pass_through()
            except asyncio.CancelledError:
                self.gate.called_off.set()
                raise
        return Reply(text=handed.task["text"], by="held")


async def test_a_thousand_tasks_go_side_by_side_and_a_slow_one_holds_up_none(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(handoff(a=Desk("a"), b=Desk("b"), held=HeldDesk(gate)))
    slow = asyncio.ensure_future(team.ask(Ticket(text="held", skill="slow"), timeout_s=120))
    await gate.until_running(1)
    asks = [team.ask(Ticket(text="b>held", skill=str(n)), timeout_s=120) for n in range(1000)]
    assert {reply.by for reply in await asyncio.gather(*asks)} == {"held"}
    assert not slow.done()
    gate.open.set()
    assert (await slow).by == "held"


async def test_an_ask_that_times_out_is_cancelled_at_the_agent_that_has_it(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(handoff(a=Desk("a"), held=HeldDesk(gate)))
    with pytest.raises((AskTimeout, HandlerError)):
        await team.ask(Ticket(text="held", skill="slow"), timeout_s=0.1)
    await gate.until_cancelled()
