"""Edges: what a member sees, and what has to be true of what it says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

import shoal
from shoal.models.tokens import estimate_text
from shoal.runtime.errors import ConfigError, HandlerError
from shoal.topologies.errors import ContextLost
from shoal.topologies.wiring.edge import projected
from shoal.topologies.wiring.history import History, Turn, short_history
from shoal.topologies.wiring.sources import Claim, can_have_sources, missing_sources
from tests.topologies.crew import Draft, Reply, Step, Ticket, Worker, Writer


class Customer(BaseModel):
    text: str
    card: str
    orders: list[str]


class OnlyText(BaseModel):
    text: str
    tone: str = "plain"


class Finding(BaseModel):
    text: str
    sources: list[str] = []


class Report(BaseModel):
    claims: list[Claim]


class Curious(shoal.Agent):
    """Says all that it sees."""

    async def on_view(self, view: OnlyText) -> Reply:
        return Reply(text=repr(view), by="curious")


class Reader(shoal.Agent):
    async def on_history(self, history: History) -> Reply:
        return Reply(text=str(history), by="reader", steps=[str(history.left_out)])


async def read_text(text: str) -> str:
    return text


class Teller(shoal.Agent):
    """States what it is asked; with a source where the ticket has a skill."""

    async def on_ticket(self, ticket: Ticket) -> Finding:
        return Finding(text=ticket.text, sources=[ticket.skill] if ticket.skill else [])


class Auditor(shoal.Agent):
    """Finds good what does not say "maybe"."""

    async def on_judgement(self, asked: shoal.Judgement) -> shoal.Verdict:
        return shoal.Verdict(good="maybe" not in asked.answer, why=f"{asked.criterion}: it says maybe")


async def test_a_member_sees_the_declared_fields_and_nothing_else(system: shoal.System) -> None:
    team = await system.build(shoal.worker([shoal.edge(Curious(), context=OnlyText)], split=None))
    reply = await team.ask(Customer(text="charged twice", card="4111", orders=["a"]))
    assert reply.text == "OnlyText(text='charged twice', tone='plain')"


async def test_without_an_edge_the_message_comes_as_it_is(system: shoal.System) -> None:
    team = await system.build(shoal.pipeline(Step("a"), Step("b")))
    assert (await team.ask(Ticket(text="x", skill="s"))).steps == ["a", "b"]


class Mild(BaseModel):
    """Has the text only if somebody gave it."""

    text: str | None = None


async def test_what_cannot_be_made_of_the_message_is_named(system: shoal.System) -> None:
    team = await system.build(shoal.worker([shoal.edge(Curious(), context=OnlyText)]))
    with pytest.raises(HandlerError, match=r"OnlyText, made of Mild,.* text"):
        await team.ask(Mild())
    with pytest.raises(ContextLost, match="cannot be made of int: it has no fields"):
        projected(3, OnlyText)


@pytest.mark.parametrize("as_text", [False, True])
async def test_a_member_gets_the_whole_history_by_choice(system: shoal.System, as_text: bool) -> None:
    last: Any = shoal.edge(read_text if as_text else Reader(), context=shoal.Whole())
    team = await system.build(shoal.pipeline(sign=Step("s"), write=Writer(), read=last))
    answer = await team.ask(Ticket(text="pay"))
    lines = (answer if as_text else answer.text).splitlines()
    assert lines == [
        'Task: {"text":"pay","skill":"","steps":[]}',
        'sign: {"text":"pay","skill":"","steps":["s"]}',
        'write: {"text":"pay","steps":["s","writer"]}',
    ]


async def test_a_member_gets_a_summary_within_its_budget(system: shoal.System) -> None:
    stages: dict[str, Any] = {f"s{number}": Step("x" * 50) for number in range(4)}
    stages["read"] = shoal.edge(Reader(), context=shoal.Summary(tokens=150))
    team = await system.build(shoal.pipeline(**stages))
    reply = await team.ask(Ticket(text="pay"))
    assert estimate_text(reply.text) <= 170
    assert int(reply.steps[0]) >= 1
    assert "earlier turns are left out" in reply.text


async def test_tasks_have_histories_of_their_own(system: shoal.System) -> None:
    import asyncio

    team = await system.build(
        shoal.pipeline(sign=Step("s"), read=shoal.edge(read_text, context=shoal.Whole()))
    )
    answers = await asyncio.gather(*(team.ask(Ticket(text=f"<{number}>")) for number in range(50)))
    for number, answer in enumerate(answers):
        assert answer.count("<") == answer.count(f"<{number}>") == 2


async def test_what_is_stated_without_a_source_goes_no_further_when_sources_are_required(
    system: shoal.System,
) -> None:
    strict = await system.build(shoal.pipeline(tell=shoal.edge(Teller(), require_sources=True)))
    assert (await strict.ask(Ticket(text="a", skill="page 3"))).sources == ["page 3"]
    with pytest.raises(HandlerError, match="tell answered without sources: the answer names no source"):
        await strict.ask(Ticket(text="a"))
    lax = await system.build(shoal.pipeline(tell=Teller()))
    assert (await lax.ask(Ticket(text="a"))).sources == []


async def test_a_checker_keeps_back_what_it_does_not_believe(system: shoal.System) -> None:
    checked = shoal.edge(Writer(), checker=Auditor(), criterion="no guesses")
    team = await system.build(shoal.pipeline(write=checked), name="line")
    assert team.agents == ["line", "line/write", "line/write-checker"]
    assert (await team.ask(Ticket(text="sure"))).text == "sure"
    with pytest.raises(HandlerError, match="refused the answer of write: no guesses: it says maybe"):
        await team.ask(Ticket(text="maybe"))
    free = await system.build(shoal.pipeline(write=Writer()))
    assert (await free.ask(Ticket(text="maybe"))).text == "maybe"
    drawn = team.describe()
    assert drawn["members"]["write-checker"] == {"agent": "Auditor", "address": "line/write-checker"}
    assert {"from": "write", "to": "write-checker", "label": "checked"} in drawn["links"]


class Sentence(BaseModel):
    words: int


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: shoal.edge(Worker(), context=OnlyText), "its edge gives it OnlyText, and it accepts Ticket"),
        (lambda: shoal.edge(Worker(), context=shoal.Whole()), "gives it the history, as History or str"),
        (lambda: shoal.edge(Worker(), context="all"), "context is 'all'; give a model class"),  # type: ignore[arg-type]
        (lambda: shoal.edge(Worker(), context=dict), "context is dict, which is no Pydantic model"),  # type: ignore[arg-type]
        (lambda: shoal.edge(Worker(), require_sources=True), "requires sources, and Reply cannot carry any"),
        (lambda: shoal.edge(Worker(), checker=Worker()), "its checker accepts Ticket, not Judgement"),
        (lambda: shoal.edge(shoal.edge(Worker())), "not to another edge"),
    ],
)
async def test_an_edge_that_cannot_work_is_refused_before_anything_is_started(
    system: shoal.System, make: Any, why: str
) -> None:
    with pytest.raises(ConfigError, match=f"member 'x': .*{why}"):
        await system.build(shoal.pipeline(x=make()))


async def test_types_are_checked_through_the_edge(system: shoal.System) -> None:
    shoal.pipeline(a=Writer(), b=shoal.edge(Curious(), context=OnlyText)).check()  # a Draft has a text
    with pytest.raises(ConfigError, match="stage 'a' returns Sentence, which stage 'b' does not accept"):
        shoal.pipeline(a=count_words, b=shoal.edge(Curious(), context=OnlyText)).check()


async def count_words(ticket: Ticket) -> Sentence:
    return Sentence(words=len(ticket.text.split()))


async def test_a_single_agent_has_no_edge(system: shoal.System) -> None:
    with pytest.raises(ConfigError, match="single: an edge belongs between agents"):
        await system.build(shoal.single(shoal.edge(Worker(), require_sources=True)))


# -- pure --------------------------------------------------------------------------------------------------------------

TURNS = st.lists(st.builds(Turn, by=st.sampled_from("abc"), text=st.text(max_size=300)), max_size=8)


@given(st.text(max_size=200), TURNS, st.integers(0, 400))
def test_a_short_history_is_within_its_budget_and_says_what_is_missing(
    task: str, turns: list[Turn], tokens: int
) -> None:
    short = short_history(task, turns, tokens)
    assert short.task == task
    assert short.left_out + len(short.turns) == len(turns)
    kept = turns[len(turns) - len(short.turns) :]
    assert list(short.turns[short.cut :]) == kept[short.cut :]
    size = sum(estimate_text(f"{turn.by}: {turn.text}") for turn in short.turns)
    assert not short.turns or estimate_text(task) + size <= tokens


@given(st.lists(st.lists(st.text(max_size=3), max_size=3), min_size=1, max_size=4))
def test_every_claim_needs_a_source_that_says_something(sources: list[list[str]]) -> None:
    report = Report(claims=[Claim(text="x", sources=tuple(each)) for each in sources])
    fine = all(any(source.strip() for source in each) for each in sources)
    assert (missing_sources(report) == "") is fine


def test_what_can_carry_sources() -> None:
    class Deep(BaseModel):
        parts: dict[str, list[Report]]

    assert [can_have_sources(kind) for kind in (Finding, Report, Deep, dict)] == [True] * 4
    assert [can_have_sources(kind) for kind in (Draft, str, int)] == [False] * 3
    assert missing_sources(Report(claims=[])) == "Report has neither a field `sources` nor claims"
    assert missing_sources({"a": [{"sources": "book"}]}) == ""
    assert missing_sources({"a": [{"sources": ""}]}) == "a[0] names no source"
