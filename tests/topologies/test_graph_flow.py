"""The flow of a graph, without agents: against a simple reference, and in any order of answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.topologies.drawn.flow import Action, Agree, Cut, Done, Flow, Run
from shoal.topologies.drawn.plan import Join, Node, Plan, Sort, Way
from shoal.topologies.drawn.shape import befores, unbounded_cycle
from shoal.topologies.errors import LoopLimit, NoWay, TeamError, Unjoined

Pick = Callable[[Sequence[str]], str]


def way(sender: str, *receivers: str, test: Any = None, sort: Sort | None = None) -> Way:
    return Way(sender, receivers, sort or (Sort.ALWAYS if test is None else Sort.WHEN), test)


def plan_of(
    nodes: dict[str, Node], joins: dict[str, Join], ways: list[Way], ends: set[str], most_steps: int = 1000
) -> Plan:
    by_sender: dict[str, tuple[Way, ...]] = {}
    for one in ways:
        by_sender[one.sender] = (*by_sender.get(one.sender, ()), one)
    return Plan(nodes, joins, by_sender, next(iter(nodes)), frozenset(ends), most_steps)


def run(plan: Plan, pick: Pick, known: dict[str, list[str]] | None = None) -> tuple[Any, dict[str, str]]:
    """The result (or the class of the error) and the steps that ran: every node answers ``message + name``."""
    flow = Flow(plan, befores(plan))
    open_steps: dict[str, Run] = {}
    ran: dict[str, str] = {}
    known = {} if known is None else known
    try:
        actions: list[Action] = flow.begin("")
        while True:
            while actions:
                action = actions.pop(0)
                match action:
                    case Run():
                        open_steps[action.step] = action
                        assert action.step not in ran
                        ran[action.step] = action.node
                    case Cut():
                        for step in action.steps:
                            open_steps.pop(step, None)
                    case Agree():
                        chosen = known.setdefault(action.key, list(action.steps))
                        actions += flow.agreed(action.join, chosen)
                    case Done():
                        assert not open_steps
                        assert not actions
                        return action.result, ran
            done = open_steps.pop(pick(sorted(open_steps)))
            actions = flow.answered(done.step, f"{done.message}{done.node}")
    except TeamError as error:
        return type(error), ran


def is_it(holds: bool, _: Any) -> bool:
    return holds


def is_divided(by: int, text: str) -> bool:
    return len(text) % by == 0


def first(steps: Sequence[str]) -> str:
    return steps[0]


def last(steps: Sequence[str]) -> str:
    return steps[-1]


def joined(answers: dict[str, Any]) -> str:
    return "(" + "+".join(f"{answers[name]}" for name in sorted(answers)) + ")"


# -- against a reference -----------------------------------------------------------------------------------


@st.composite
def acyclic(draw: st.DrawFn) -> Plan:
    """Places 0, 1, ...; edges lead to higher ones; which hold is drawn."""
    count = draw(st.integers(2, 9))
    is_join = [False] + [draw(st.integers(0, 2)) == 0 for _ in range(count - 1)]
    nodes, joins, ways = {}, {}, []
    senders: dict[int, list[str]] = {}
    for place in range(count):
        name = chr(97 + place)
        higher = list(range(place + 1, count))
        for receiver in draw(st.lists(st.sampled_from(higher), unique=True, max_size=3)) if higher else []:
            holds = draw(st.booleans())
            ways.append(Way(name, (chr(97 + receiver),), Sort.WHEN, partial(is_it, holds)))
            senders.setdefault(receiver, []).append(name)
    for place in range(count):
        name = chr(97 + place)
        if is_join[place] and place in senders:
            joins[name] = Join(tuple(senders[place]), None, joined)
        else:
            nodes[name] = Node(take="all")
    names = {chr(97 + place) for place in range(count)}
    return plan_of(nodes, joins, ways, names)


def reference(plan: Plan) -> Any:
    """Place by place in order: what comes there, and what follows. A join takes one from each or fails."""
    coming: dict[str, list[tuple[str, Any]]] = {plan.first: [("", "")]}
    ended = []
    for place in sorted([*plan.nodes, *plan.joins]):
        came = coming.get(place, [])
        if place in plan.joins:
            senders = [sender for sender, _ in came]
            if len(set(senders)) < len(senders):
                return Unjoined
            leaving = [joined(dict(came))] if came else []
        else:
            leaving = [f"{message}{place}" for _, message in came]
        ways = plan.ways.get(place, ())
        for answer in leaving:
            taken = [one for one in ways if one.holds(answer)]
            if place in plan.joins:
                taken = taken[:1]
            for one in taken:
                for receiver in one.receivers:
                    coming.setdefault(receiver, []).append((place, answer))
            if not taken:
                ended.append(answer)
    return ended[0] if len(ended) == 1 else Unjoined


@given(acyclic(), st.randoms(use_true_random=False))
def test_without_loops_a_flow_does_what_a_walk_in_order_would(plan: Plan, random: Any) -> None:
    assert run(plan, random.choice)[0] == reference(plan)


@st.composite
def cyclic(draw: st.DrawFn) -> Plan:
    """Edges lead anywhere; conditions look at the answer's length; some joins do not wait for all."""
    count = draw(st.integers(3, 7))
    names = [chr(97 + place) for place in range(count)]
    joins: dict[str, Join] = {}
    nodes: dict[str, Node] = {}
    ways: list[Way] = []
    for name in names:
        for _ in range(draw(st.integers(0, 2))):
            receivers = tuple(draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True)))
            part = draw(st.integers(1, 3))
            ways.append(Way(name, receivers, Sort.WHEN, partial(is_divided, part)))
    for name in names:
        senders = tuple(dict.fromkeys(one.sender for one in ways if name in one.receivers))
        if name != names[0] and senders and draw(st.booleans()):
            need = draw(st.sampled_from([None, None, 1]))
            joins[name] = Join(senders, need, joined)
        else:
            nodes[name] = Node(most=draw(st.integers(1, 3)), take=draw(st.sampled_from(["first", "all"])))
    return plan_of(nodes, joins, ways, set(names), most_steps=200)


@settings(max_examples=150)
@given(cyclic(), st.randoms(use_true_random=False))
def test_the_order_of_answers_changes_nothing(plan: Plan, random: Any) -> None:
    if unbounded_cycle(plan):
        return
    known: dict[str, list[str]] = {}
    result, ran = run(plan, first, known)
    again, ran_again = run(plan, random.choice, dict(known))
    failed = isinstance(result, type), isinstance(again, type)
    if all(join.need is None for join in plan.joins.values()):
        assert failed[0] == failed[1]
        assert failed[0] or (again, ran_again) == (result, ran)
    elif failed == (False, False):  # else what fails was cut before it did, or was not
        assert again == result


# -- single rules ------------------------------------------------------------------------------------------


def test_a_join_waits_for_the_branches_that_were_taken_and_no_others() -> None:
    ways = [
        way("s", "a"),
        way("s", "b", test=lambda _: False),
        way("s", "c"),
        *(way(name, "j") for name in "abc"),
    ]
    nodes = {"s": Node(take="all"), **dict.fromkeys("abc", Node())}
    plan = plan_of(nodes, {"j": Join(("a", "b", "c"), None, joined)}, ways, {"j"})
    assert run(plan, first)[0] == "(sa+sc)"
    assert sorted(run(plan, last)[1].values()) == ["a", "c", "s"]


def test_a_branch_that_goes_elsewhere_in_a_loop_keeps_its_join_waiting() -> None:
    """b is done three times before it comes to the join; a waits for it."""
    again = Way("b", ("b",), Sort.WHEN, lambda text: text.count("b") < 3)
    ways = [way("s", "a", "b"), way("a", "j"), again, Way("b", ("j",), Sort.ELSE)]
    nodes = {"s": Node(), "a": Node(), "b": Node(most=5)}
    plan = plan_of(nodes, {"j": Join(("a", "b"), None, joined)}, ways, {"j"})
    assert run(plan, first)[0] == run(plan, last)[0] == "(sa+sbbb)"


def test_an_inner_join_in_a_loop_does_not_wait_for_the_outer_branches() -> None:
    ways = [
        way("s", "x", "y"),
        way("y", "a", "b"),
        way("a", "in"),
        way("b", "in"),
        way("in", "out"),
        way("x", "out"),
        way("out", "end"),
        Way("end", ("s",), Sort.WHEN, lambda text: text.count("s") < 4),
    ]
    nodes = {name: Node(most=9) for name in ("s", "x", "y", "a", "b", "end")}
    joins = {"out": Join(("x", "in"), None, joined), "in": Join(("a", "b"), None, joined)}
    plan = plan_of(nodes, joins, ways, {"end"})
    assert befores(plan) == {"out": frozenset("sxyab") | {"in"}, "in": frozenset("syab")}
    assert run(plan, first) == run(plan, last)
    assert run(plan, first)[0].count("end") > 1


def test_a_join_of_any_goes_on_with_the_first_and_the_others_are_cut() -> None:
    ways = [way("s", "a", "b"), way("a", "j"), way("b", "j"), way("j", "e")]
    plan = plan_of(dict.fromkeys(["s", "a", "b", "e"], Node()), {"j": Join(("a", "b"), 1)}, ways, {"e"})
    flow = Flow(plan, befores(plan))
    (start,) = flow.begin("")
    assert isinstance(start, Run)
    runs = {one.node: one for one in flow.answered(start.step, "s") if isinstance(one, Run)}
    (agree,) = flow.answered(runs["b"].step, "sb")
    assert isinstance(agree, Agree)
    assert agree.steps == (runs["b"].step,)
    after, cut = sorted(flow.agreed("j", agree.steps), key=lambda one: type(one).__name__, reverse=True)
    assert isinstance(after, Run)
    assert (after.node, after.message) == ("e", "sb")
    assert cut == Cut((runs["a"].step,))
    assert flow.answered(runs["a"].step, "sa") == [], "too late"
    assert flow.answered(after.step, "sbe") == [Done("sbe")]


def test_what_a_join_took_is_taken_again_when_answers_come_in_another_order() -> None:
    ways = [way("s", "a", "b"), way("a", "j"), way("b", "j"), way("j", "e")]
    plan = plan_of(dict.fromkeys(["s", "a", "b", "e"], Node()), {"j": Join(("a", "b"), 1)}, ways, {"e"})
    known: dict[str, list[str]] = {}
    result, ran = run(plan, first, known)
    assert len(known) == 1
    assert run(plan, last, known) == (result, ran)
    assert run(plan, last, {})[0] != result, "nothing recorded: the other is first"


def test_too_few_branches_for_a_quorum_are_an_error() -> None:
    ways = [
        way("s", "a"),
        way("s", "b", test=lambda _: False),
        way("a", "j"),
        way("b", "j"),
    ]
    nodes = {"s": Node(take="all"), "a": Node(), "b": Node()}
    plan = plan_of(nodes, {"j": Join(("a", "b"), 2, joined)}, ways, {"j"})
    assert run(plan, first)[0] is Unjoined
    loose = plan_of(nodes, {"j": Join(("a", "b"), None, joined)}, ways, {"j"})
    assert run(loose, first)[0] == "(sa)"


@pytest.mark.parametrize(
    ("most", "then", "expected"), [(3, None, LoopLimit), (3, "e", "aaae"), (9, None, "aaaaa")]
)
def test_visits_are_bounded_and_then_it_goes_where_it_is_said_to(
    most: int, then: str | None, expected: Any
) -> None:
    again = Way("a", ("a",), Sort.WHEN, lambda text: len(text) < 5)
    aside = Way("a", ("e",), Sort.WHEN, lambda _: False)
    plan = plan_of({"a": Node(most=most, then=then), "e": Node()}, {}, [again, aside], {"a", "e"})
    assert run(plan, first)[0] == expected


def test_an_answer_that_no_condition_holds_for_is_an_error_and_so_is_a_condition_that_raises() -> None:
    def broken(_: Any) -> bool:
        raise ValueError("no")

    for test in (lambda _: False, broken):
        plan = plan_of({"a": Node(), "b": Node()}, {}, [way("a", "b", test=test)], {"b"})
        assert run(plan, first)[0] is NoWay


def test_the_steps_of_a_task_are_bounded() -> None:
    plan = plan_of({"a": Node(most=50), "b": Node()}, {}, [way("a", "a")], {"b"}, 20)
    result, ran = run(plan, first)
    assert (result, len(ran)) == (LoopLimit, 20)
    result, ran = run(plan_of({"a": Node(most=50), "b": Node()}, {}, [way("a", "a")], {"b"}), first)
    assert (result, len(ran)) == (LoopLimit, 50), "then its own bound holds"
