"""Graph: conditions, branches, joins, bounded loops, and what it refuses."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

import shoal
from shoal.runtime.errors import ConfigError, HandlerError
from shoal.topologies.graph import Graph, graph
from tests.topologies.crew import (
    BadStart,
    Draft,
    Editor,
    Gate,
    Held,
    Invoice,
    Reply,
    Step,
    Ticket,
    Worker,
    Writer,
)

ERRORS = "shoal.topologies.errors"


async def sort_out(ticket: Ticket) -> Ticket | Invoice:
    return Invoice(amount=int(ticket.text)) if ticket.text.isdigit() else ticket


async def pay(invoice: Invoice) -> Reply:
    return Reply(text=f"paid {invoice.amount}", by="pay")


async def anything(message: Any) -> Any:
    return message


def is_large(invoice: Invoice) -> bool:
    return invoice.amount > 100


def is_short(ticket: Ticket) -> bool:
    return len(ticket.steps) < 3


def names(name: str, ticket: Ticket) -> bool:
    return name in ticket.text


def broken(answer: Any) -> bool:
    raise ValueError("no idea")


def never(answer: Any) -> bool:
    return False


def merged(answers: dict[str, Ticket]) -> Ticket:
    return Ticket(text="+".join(answers), steps=[step for one in answers.values() for step in one.steps])


def as_wrong_type(answers: dict[str, Any]) -> Invoice:
    return Invoice(amount=len(answers))


async def wait_async(answer: Any) -> bool:
    return True


def diamond(need: Any = "all", **nodes: Any) -> Graph:
    """s → a and b at once → merge → e."""
    g = graph({"s": Step("s"), "a": Step("a"), "b": Step("b"), "e": Step("e")} | nodes)
    g.edge("s", "a", "b").join("merge", of=["a", "b"], need=need, by=merged).edge("merge", "e").end("e")
    return g


def looping(most: int | None = 3, then: str | None = None, max_steps: int = 100) -> Graph:
    """A step that is done again and again, and a way out that needs many."""
    g = (
        graph(most_steps=max_steps)
        .node("again", Step("again"), most=most, then=then)
        .node("out", Step("out"))
    )
    return g.edge("again", "out", when=lambda ticket: len(ticket.steps) > 9).edge("again", "again").end("out")


# -- normal work -------------------------------------------------------------------------------------------


async def test_an_answer_goes_where_its_type_and_its_content_say(system: shoal.System) -> None:
    g = graph(sort=sort_out, large=Worker("large"), pay=pay, desk=Worker("desk"), boss=pay)
    g.edge("sort", "boss", when=is_large).edge("sort", "pay", when=Invoice).otherwise("sort", "desk")
    g.edge("desk", "large", when=never).end("boss", "pay", "desk", "large")
    with pytest.raises(ConfigError, match="'desk' returns Reply, which 'large' does not accept"):
        await system.build(g)
    g = graph(sort=sort_out, pay=pay, desk=Worker("desk"), boss=anything)
    g.edge("sort", "boss", when=is_large).edge("sort", "pay", when=Invoice).otherwise("sort", "desk")
    g.end("boss", "pay", "desk")
    team = await system.build(g)
    assert (await team.ask(Ticket(text="50"))).text == "paid 50"
    assert await team.ask(Ticket(text="500")) == Invoice(amount=500)
    assert (await team.ask(Ticket(text="help"))).by == "desk"
    assert team.describe()["accepts"] == "Ticket"


async def test_branches_run_side_by_side_and_come_together(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(diamond(a=Held(gate), b=Held(gate)))
    asked = asyncio.ensure_future(team.ask(Ticket(text="x")))
    await gate.until_running(2)
    gate.open.set()
    assert (await asked).steps == ["s", "s", "e"]
    assert (await (await system.build(diamond())).ask(Ticket(text="x"))).steps == ["s", "a", "s", "b", "e"]


async def test_all_edges_that_hold_are_taken_and_the_join_waits_for_those(system: shoal.System) -> None:
    g = graph().node("s", Step("s"), take="all")
    for name in "abc":
        g.node(name, Step(name))
        g.edge("s", name, when=partial(names, name))
    g.node("none", Step("none")).otherwise("s", "none").join("j", of=["a", "b", "c"], by=merged).end(
        "j", "none"
    )
    team = await system.build(g)
    assert (await team.ask(Ticket(text="ac"))).text == "a+c"
    assert (await team.ask(Ticket(text="b"))).text == "b"
    assert (await team.ask(Ticket(text="x"))).steps == ["s", "none"]


async def test_a_loop_ends_when_its_condition_says_so(system: shoal.System) -> None:
    g = graph().node("again", Step("x"), most=5).edge("again", "again", when=is_short).end("again")
    assert (await (await system.build(g)).ask(Ticket(text=""))).steps == ["x", "x", "x"]


async def test_nodes_may_be_teams_functions_and_members_behind_an_edge(system: shoal.System) -> None:
    async def note(history: str) -> str:
        return history

    g = graph(
        line=shoal.pipeline(Step("1"), Writer()), edit=Editor, note=shoal.edge(note, context=shoal.Whole())
    )
    g.edge("line", "edit").edge("edit", "note").end("note")
    team = await system.build(g, name="g")
    said = (await team.ask(Ticket(text="t"))).splitlines()
    assert [line.partition(":")[0] for line in said] == ["Task", "line", "edit"]
    assert team.describe()["returns"] == "str"


async def test_a_join_without_a_function_gives_the_answers_by_name(system: shoal.System) -> None:
    async def size(text: str) -> int:
        return len(text)

    g = graph(s=anything, a=size, b=size).edge("s", "a", "b").join("j", of=["a", "b"]).end("j")
    assert await (await system.build(g)).ask("four") == {"a": 4, "b": 4}


async def test_it_shows_its_edges_with_their_conditions(system: shoal.System) -> None:
    g = diamond()
    g.node("boss", Step("boss"), most=1, then="e").edge("e", "boss", when=is_short).end("boss")
    links = {(link["from"], link["to"]): link["label"] for link in g.describe()["links"]}
    assert links == {
        ("", "s"): "", ("s", "a"): "", ("s", "b"): "", ("a", "e"): "merge", ("b", "e"): "merge",
        ("e", "boss"): "is_short", ("e", ""): "", ("boss", ""): "", ("boss", "e"): "after 1 visits",
    }  # fmt: skip


# -- mitigations, switched on and off ------------------------------------------------------------------------


async def test_going_round_ends_at_the_bound_of_the_node(system: shoal.System) -> None:
    with pytest.raises(HandlerError, match="'again' was visited 3 times") as caught:
        await (await system.build(looping(most=3))).ask(Ticket(text=""))
    assert caught.value.details["type"] == f"{ERRORS}.LoopLimit"
    assert len((await (await system.build(looping(most=50))).ask(Ticket(text=""))).steps) == 11


async def test_after_the_last_visit_it_goes_where_it_is_said_to(system: shoal.System) -> None:
    done = await (await system.build(looping(most=3, then="out"))).ask(Ticket(text=""))
    assert done.steps == ["again"] * 3 + ["out"]


async def test_going_round_ends_at_the_steps_of_the_task(system: shoal.System) -> None:
    with pytest.raises(HandlerError, match="5 steps were taken without an end") as caught:
        await (await system.build(looping(most=50, max_steps=5))).ask(Ticket(text=""))
    assert caught.value.details["type"] == f"{ERRORS}.LoopLimit"


async def test_an_answer_that_nothing_was_foreseen_for_is_named(system: shoal.System) -> None:
    def build(foreseen: bool) -> Graph:
        g = graph(s=Step("s"), a=Step("a")).edge("s", "a", when=lambda ticket: ticket.text == "a").end("a")
        return g.otherwise("s", "a") if foreseen else g

    with pytest.raises(HandlerError, match="no condition held for what 's' answered, a Ticket: a") as caught:
        await (await system.build(build(foreseen=False))).ask(Ticket(text="b"))
    assert caught.value.details["type"] == f"{ERRORS}.NoWay"
    assert (await (await system.build(build(foreseen=True))).ask(Ticket(text="b"))).steps == ["s", "a"]


async def test_a_condition_that_raises_is_named(system: shoal.System) -> None:
    g = graph(s=Step("s"), a=Step("a")).edge("s", "a", when=broken).otherwise("s", "a").end("a")
    with pytest.raises(
        HandlerError, match="condition 'broken' of the edge 's' -> 'a' raised ValueError: no idea"
    ):
        await (await system.build(g)).ask(Ticket(text="b"))


async def test_a_join_of_any_cancels_the_branch_it_does_not_wait_for(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(diamond(need="any", a=Held(gate)), name="t")
    assert (await team.ask(Ticket(text="x"))).steps == ["s", "b", "e"]
    await gate.until_cancelled()
    assert gate.cancelled == ["t/a"]
    waiting = await system.build(diamond(need="all", a=Held(gate)))
    asked = asyncio.ensure_future(waiting.ask(Ticket(text="x")))
    await gate.until_running(1)
    assert not asked.done(), "switched off: all are waited for"
    gate.open.set()
    assert (await asked).steps == ["s", "s", "b", "e"]


async def test_branches_that_end_apart_are_an_error_and_not_one_answer_of_two(system: shoal.System) -> None:
    g = graph().node("s", Step("s"), take="all").node("a", Step("a")).node("b", Step("b"))
    g.edge("s", "a").edge("s", "b").end("a", "b")
    with pytest.raises(HandlerError, match="two branches ended apart") as caught:
        await (await system.build(g)).ask(Ticket(text=""))
    assert caught.value.details["type"] == f"{ERRORS}.Unjoined"


async def test_a_branch_that_fails_fails_the_task_and_cancels_the_others(system: shoal.System) -> None:
    gate = Gate()

    async def fail_late(ticket: Ticket) -> Ticket:
        await gate.until_running(1)
        raise ValueError("too bad")

    team = await system.build(diamond(a=Held(gate), b=fail_late), name="t")
    with pytest.raises(HandlerError, match="too bad"):
        await team.ask(Ticket(text="x"))
    await gate.until_cancelled()
    assert gate.cancelled == ["t/a"]


# -- time, many at once --------------------------------------------------------------------------------------


async def test_deadlines_pass_through_and_who_gives_up_cancels_every_branch(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(diamond(a=Held(gate), b=shoal.pipeline(Held(gate))), name="t")
    asked = asyncio.ensure_future(team.ask(Ticket(text="x"), timeout_s=60))
    await gate.until_running(2)
    assert None not in gate.deadlines
    assert len(set(gate.deadlines)) == 1, "both have what the asker has"
    asked.cancel()
    while sorted(gate.cancelled) != ["t/a", "t/b/1"]:
        await gate.until_cancelled()
        gate.called_off.clear()


async def test_a_thousand_tasks_at_once_and_a_blocked_one_holds_up_none(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(diamond(a=Held(gate)))
    blocked = asyncio.ensure_future(team.ask(Ticket(text="slow"), timeout_s=60))
    await gate.until_running(1)
    done = await asyncio.gather(*(team.ask(Ticket(text="fast"), timeout_s=60) for _ in range(1000)))
    assert all(one.steps == ["s", "s", "b", "e"] for one in done)
    assert not blocked.done()
    gate.open.set()
    assert (await blocked).steps == ["s", "s", "b", "e"]


# -- what is refused -----------------------------------------------------------------------------------------

A, B = Step("a"), Step("b")
REFUSED: list[tuple[Any, str]] = [
    (graph, "graph has no members"),
    (lambda: graph(a=A), "graph has no end"),
    (lambda: graph(a=A, b=B).end("a"), "no way leads from 'a', where it begins, to 'b'"),
    (lambda: graph(a=A, b=B).edge("a", "b").begin("b").end("b"), "no way leads from 'b', where it begins, to 'a'"),
    (lambda: graph(a=A, b=B).edge("a", "b", when=never).end("a"), "no way leads from 'b' to an end"),
    (lambda: graph(a=A).edge("a", "x").end("a"), "the edge 'a' -> 'x' names 'x', which is no node"),
    (lambda: graph(a=A).edge("x", "a").end("a"), "the edge 'x' -> 'a' names 'x', which is no node"),
    (lambda: graph(a=A).end("x"), "end names 'x', which is no node; nodes are a"),
    (lambda: graph(a=A).begin("x").end("a"), "begin names 'x'"),
    (lambda: graph(a=A).begin("a").begin("a"), "it begins at 'a' already"),
    (lambda: graph({"a": A}, a=B), "two nodes are called 'a'"),
    (lambda: graph(a=A).node("a", B), "there is a node 'a' already"),
    (lambda: graph(a=A).node("b", B, most=0), "most of 'b' is 0"),
    (lambda: graph(a=A).node("b", B, then="a"), "'b' has `then`, and no `most`"),
    (lambda: graph(a=A).node("b", B, most=1, then="x").edge("a", "b").end("b"), "`then` of 'b' names 'x'"),
    (lambda: graph(a=A).node("b", B, take="some"), "take of 'b' is 'some'"),  # type: ignore[arg-type]
    (lambda: graph(a=A, most_steps=0).end("a"), "most_steps is 0"),
    (lambda: graph(a=A).edge("a"), "the edge 'a' -> nowhere leads to no node"),
    (lambda: graph(a=A, b=B).edge("a", "b", "b"), "names a node twice"),
    (lambda: graph(a=A, b=B).edge("a", "b", when="yes"), "when is 'yes'; give a plain function"),  # type: ignore[arg-type]
    (lambda: graph(a=A, b=B).edge("a", "b", when=wait_async), "give a plain function of the answer"),
    (lambda: graph(a=A, b=B).edge("a", "b", when=Gate), "which is no type of message"),
    (
        lambda: graph(a=A, b=B).edge("a", "b", when=is_short).edge("b", "a").end("a"),
        "a -> b -> a is a cycle, and none of its nodes says how often",
    ),
    (lambda: graph(a=A).edge("a", "a", when=is_short).end("a"), "a -> a is a cycle"),
    (
        lambda: graph(a=A, b=B, c=Step("c")).edge("a", "b").edge("a", "c").end("b", "c"),
        "the edge 'a' -> 'c' is never taken: the one to 'b' has no condition",
    ),
    (lambda: graph(a=A, b=B).edge("a", "b").end("a", "b"), "'a' never ends: its edge to 'b' has no condition"),
    (
        lambda: graph(a=A, b=B, c=Step("c")).edge("a", "b", "c").end("b", "c"),
        "'a' goes to 'b' and 'c' at once, and no join brings them together",
    ),
    (lambda: graph(a=A).join("j", of=["x"]).end("j"), "the join 'j' names 'x', which is no node"),
    (lambda: graph(a=A).join("j", of=[]), r"of= of the join 'j' is \[\]"),
    (lambda: graph(a=A).join("j", of="a"), "of= of the join 'j' is 'a'"),
    (lambda: graph(a=A).join("j", of=["a"], need=2), "need of the join 'j' is 2"),
    (lambda: graph(a=A).join("j", of=["a"], by=5), "by= of the join 'j' is 5"),  # type: ignore[arg-type]
    (
        lambda: graph(a=A, b=B).edge("a", "b", when=never).edge("b", "j").join("j", of=["a"], by=merged).end("j"),
        "the edge 'b' -> 'j' leads into a join that does not name it",
    ),
    (lambda: graph(a=A).join("j", of=["a"]).end("j"), "Ticket come to the join 'j', and a dict of models"),
    (
        lambda: graph(a=A, b=B).join("j", of=["a"], by=as_wrong_type).edge("j", "b").end("b"),
        r"'j' returns Invoice, which 'b' does not accept \(it accepts Ticket\)",
    ),
    (lambda: graph(a=Writer(), b=B).edge("a", "b").end("b"), "'a' returns Draft, which 'b' does not accept"),
    (
        lambda: graph(a=A, b=B).edge("a", "b", when=Draft).otherwise("a", "b").end("b"),
        "the condition of the edge 'a' -> 'b' never holds: it is for Draft, and there is only Ticket",
    ),
    (lambda: graph(a=sort_out, b=B).edge("a", "b").end("b"), "'a' returns Invoice, which 'b' does not accept"),
    (
        lambda: graph(a=sort_out, b=B).edge("a", "b", when=is_large).end("a", "b"),
        "'a' returns Invoice, which 'b' does not accept",
    ),
    (
        lambda: graph(a=A).node("b", B, most=1, then="c").node("c", pay).edge("a", "b").end("b", "c"),
        "'a' returns Ticket, which 'c' does not accept",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("make", "why"), REFUSED, ids=[why for _, why in REFUSED])
async def test_a_graph_that_cannot_work_is_refused_before_anything_is_started(
    system: shoal.System, make: Any, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        await system.build(make())
    assert [host["agents"] for host in await system.health()] == [0]


async def test_when_a_node_cannot_start_none_is_left_running(system: shoal.System) -> None:
    with pytest.raises(shoal.errors.AgentStartFailed):
        await system.build(graph(a=A, b=BadStart).edge("a", "b").end("b"))
    assert [host["agents"] for host in await system.health()] == [0]
