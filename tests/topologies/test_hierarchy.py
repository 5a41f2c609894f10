"""Hierarchy: parts down, summaries up, gaps and contradictions labelled, and what is refused before anything starts."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from pydantic import BaseModel

import shoal
from shoal.runtime.envelope import Scope
from shoal.runtime.errors import ConfigError, HandlerError
from shoal.topologies.errors import BadSubtasks, QuorumMissed, SummaryInvalid, Undecided
from shoal.topologies.hierarchy import branch, hierarchy
from shoal.topologies.tree.branches import warnings_of
from shoal.topologies.tree.contradictions import Contradiction, Reconsider
from shoal.topologies.tree.summaries import BranchReports, BranchSummary, HierarchyResult
from tests.topologies.crew import Gate, Held, Ticket


class Text(BaseModel):
    words: list[str]


class Count(BranchSummary):
    words: int
    by: str = ""


class Plain(BaseModel):
    words: int


async def count(text: Text) -> Count:
    if "bad" in text.words:
        raise ValueError("a bad word")
    return Count(words=len(text.words))


def halves(text: Text) -> list[Text]:
    middle = (len(text.words) + 1) // 2
    return [Text(words=text.words[:middle]), Text(words=text.words[middle:])]


class Counts(BranchReports):
    answers: dict[str, Count]


def total(reports: Counts) -> Count:
    return Count(words=sum(one.words for one in reports.answers.values()))


def small_tree(**options: Any) -> Any:
    left = branch("left", [count, count], divide=halves, summarize=total, summary=Count)
    right = branch("right", [count, count], divide=halves, summarize=total, summary=Count)
    return hierarchy([left, right], divide=halves, summarize=total, summary=Count, **options)


async def cause_of(asking: Any) -> Any:
    with pytest.raises(HandlerError) as caught:
        await asking
    return caught.value.cause


# -- normal work -------------------------------------------------------------------------------------------


async def test_parts_go_down_and_summaries_come_up(system: shoal.System) -> None:
    team = await system.build(small_tree(), name="t")
    answer = await team.ask(Text(words=["w"] * 10))
    assert answer == Count(words=10)
    assert set(team.agents) == {"t", "t/left", "t/left/1", "t/left/2", "t/right", "t/right/1", "t/right/2"}
    assert team.describe()["members"]["left"]["returns"] == "Count"


async def test_a_tree_is_grown_from_depth_and_width(system: shoal.System) -> None:
    team = await system.build(
        hierarchy(count, depth=3, width=2, divide=halves, summarize=total, summary=Count)
    )
    assert (await team.ask(Text(words=["w"] * 21))).words == 21
    assert sum(1 for address in team.agents if address.count("/") == 3) == 8


async def test_a_tree_may_have_other_summaries_at_each_level(system: shoal.System) -> None:
    def top(reports: Counts) -> Plain:
        return Plain(words=sum(one.words for one in reports.answers.values()))

    tree = hierarchy(
        count, depth=2, width=[2, 3], divide=halves, summarize=[top, total], summary=[Plain, Count], need=None
    )
    assert await (await system.build(tree)).ask(Text(words=["w"] * 5)) == Plain(words=5)


async def test_without_divide_everybody_gets_the_task_and_without_summarize_all_answers_come(
    system: shoal.System,
) -> None:
    team = await system.build(hierarchy({"a": count, "b": branch("b", [count])}))
    answer = await team.ask(Text(words=["w"]))
    assert isinstance(answer, HierarchyResult)
    assert not answer.partial
    assert answer.answers["a"]["words"] == 1
    assert answer.answers["b"]["answers"]["1"]["words"] == 1


async def test_a_member_sees_its_part_and_nothing_else(system: shoal.System) -> None:
    async def tell(text: Text) -> str:
        return "+".join(text.words)

    def by_name(text: Text) -> dict[str, Text]:
        return {"b": Text(words=text.words[:1]), "a": Text(words=text.words[1:])}

    team = await system.build(hierarchy({"a": tell, "b": tell}, divide=by_name))
    assert (await team.ask(Text(words=["x", "y", "z"]))).answers == {"b": "x", "a": "y+z"}


async def test_more_parts_than_members_are_dealt_in_turn(system: shoal.System) -> None:
    def each(text: Text) -> list[Text]:
        return [Text(words=[word] * place) for place, word in enumerate(text.words, 1)]

    team = await system.build(hierarchy([count, count], divide=each))
    answers = (await team.ask(Text(words=["w"] * 5))).answers
    assert {name: said["words"] for name, said in answers.items()} == {
        "1": 1, "2": 2, "1.2": 3, "2.2": 4, "1.3": 5
    }  # fmt: skip


async def test_a_manager_divides_and_summarizes(system: shoal.System) -> None:
    class Parts(BaseModel):
        parts: list[Text]

    class Chief(shoal.Agent):
        async def on_text(self, text: Text, ctx: shoal.Context) -> Parts:
            return Parts(parts=halves(text))

        async def on_counts(self, counts: Counts, ctx: shoal.Context) -> Count:
            return Count(words=sum(one.words for one in counts.answers.values()), by=counts.task["words"][0])

    team = await system.build(hierarchy([count, count], manager=Chief, summary=Count), name="t")
    assert await team.ask(Text(words=["w"] * 7)) == Count(words=7, by="w")
    assert "t/manager" in team.agents
    links = {(link["from"], link["to"]) for link in team.describe()["links"]}
    assert links == {
        ("", "manager"),
        ("manager", "1"),
        ("manager", "2"),
        ("1", "manager"),
        ("2", "manager"),
        ("manager", ""),
    }


async def test_who_summarizes_may_read_text(system: shoal.System) -> None:
    async def read(text: str) -> str:
        return text

    team = await system.build(hierarchy([count], summarize=read))
    assert "1: " in await team.ask(Text(words=["w"]))


# -- isolation of failures ---------------------------------------------------------------------------------


async def test_a_branch_that_fails_is_a_labelled_gap_and_the_rest_goes_on(system: shoal.System) -> None:
    team = await system.build(small_tree())
    answer = await team.ask(Text(words=["w", "w", "w", "w", "bad", "w", "w", "w"]))
    assert answer.words == 6
    assert answer.partial
    assert [gap.branch for gap in answer.gaps] == ["right/1"]
    assert "a bad word" in answer.gaps[0].why


async def test_a_whole_branch_that_is_gone_is_one_gap(system: shoal.System) -> None:
    team = await system.build(small_tree(), name="t")
    await system.stop("t/left", kill=True)
    answer = await team.ask(Text(words=["w"] * 8))
    assert answer.words == 4
    assert [gap.branch for gap in answer.gaps] == ["left"]


async def test_fewer_answers_than_needed_are_an_error_that_names_who_failed(system: shoal.System) -> None:
    strict = hierarchy([count, count], divide=halves, summarize=total, summary=Count, need=2)
    cause = await cause_of((await system.build(strict)).ask(Text(words=["w", "bad"])))
    assert isinstance(cause, QuorumMissed)
    assert "needs 2 of 2" in cause.text
    assert "a bad word" in cause.text
    all_bad = await cause_of((await system.build(small_tree())).ask(Text(words=["bad"] * 4)))
    assert isinstance(all_bad, QuorumMissed)


async def test_a_summary_that_cannot_be_labelled_needs_every_answer(system: shoal.System) -> None:
    def plain(reports: Counts) -> Plain:
        return Plain(words=len(reports.answers))

    team = await system.build(hierarchy([count, count], divide=halves, summarize=plain, summary=Plain))
    assert isinstance(await cause_of(team.ask(Text(words=["w", "bad"]))), QuorumMissed)
    above = hierarchy(
        [branch("b", [count, count], divide=halves, summarize=total, summary=Count)],
        summarize=plain,
        summary=Plain,
    )
    cause = await cause_of((await system.build(above)).ask(Text(words=["w", "bad"])))
    assert isinstance(cause, SummaryInvalid)
    assert "b/2" in cause.text


async def test_a_member_that_is_late_is_cut_off_in_time_for_those_above(system: shoal.System) -> None:
    gate = Gate()
    slow = branch("slow", {"fast": count_ticket, "held": Held(gate)})
    team = await system.build(hierarchy([slow]))
    answer = await team.ask(Ticket(text="x"), timeout_s=1.0)
    assert list(answer.answers["slow"]["answers"]) == ["fast"]
    assert [gap.branch for gap in answer.gaps] == ["slow/held"]
    await gate.until_cancelled()
    waiting = await system.build(hierarchy([branch("slow", {"held": Held(Gate())}, cut=None)], cut=None))
    with pytest.raises(shoal.errors.AskTimeout):
        await waiting.ask(Ticket(text="x"), timeout_s=0.2)


async def count_ticket(ticket: Ticket) -> int:
    return len(ticket.text)


# -- summaries and contradictions --------------------------------------------------------------------------


async def test_what_goes_up_is_the_model_of_the_level_or_that_branch_is_a_gap(system: shoal.System) -> None:
    def wrong(reports: BranchReports):  # type: ignore[no-untyped-def]
        return {"words": "many"}

    tree = hierarchy([branch("b", [count], summarize=wrong, summary=Count), count])
    answer = await (await system.build(tree)).ask(Text(words=["w"]))
    assert [gap.branch for gap in answer.gaps] == ["b"]
    assert "words" in answer.gaps[0].why
    alone = hierarchy([count], summarize=wrong, summary=Count)
    assert isinstance(await cause_of((await system.build(alone)).ask(Text(words=["w"]))), SummaryInvalid)
    unchecked = hierarchy([count], summarize=wrong)
    assert await (await system.build(unchecked)).ask(Text(words=["w"])) == {"words": "many"}


class Fact(BaseModel):
    city: str
    people: int


class Source(shoal.Agent):
    """States something, and something else when it is asked to look again."""

    def __init__(self, people: int, later: int | None = None) -> None:
        self.people = people
        self.later = people if later is None else later
        self.asked: list[str] = []

    async def on_text(self, text: Text, ctx: shoal.Context) -> Fact:
        return Fact(city="Bergen", people=self.people)

    async def on_reconsider(self, again: Reconsider, ctx: shoal.Context) -> Fact:
        assert again.contradictions[0].about == "people"
        assert again.answer == {"city": "Bergen", "people": self.people}
        return Fact(city="Bergen", people=self.later)


async def test_branches_that_contradict_each_other_are_reported_with_who_said_what(
    system: shoal.System,
) -> None:
    tree = {"a": Source(1), "b": Source(2), "c": Source(2)}
    answer = await (await system.build(hierarchy(tree, agree_on=("city", "people")))).ask(Text(words=[]))
    (found,) = answer.contradictions
    assert (found.about, found.values) == ("people", {"a": 1, "b": 2, "c": 2})
    unseen = await (await system.build(hierarchy(tree))).ask(Text(words=[]))
    assert unseen.contradictions == ()


async def test_a_contradiction_below_comes_up_with_its_place(system: shoal.System) -> None:
    tree = hierarchy([branch("b", [Source(1), Source(2)], agree_on=["people"])])
    (found,) = (await (await system.build(tree)).ask(Text(words=[]))).contradictions
    assert found.at == "b"
    assert str(found) == "people in b: 1: 1, 2: 2"


async def test_those_who_contradict_are_asked_again_once(system: shoal.System) -> None:
    again = {"agree_on": ("people",), "on_contradiction": "ask_again"}
    team = await system.build(hierarchy([Source(1, later=2), Source(2)], **again))  # type: ignore[arg-type]
    answer = await team.ask(Text(words=[]))
    assert answer.contradictions == ()
    assert [said["people"] for said in answer.answers.values()] == [2, 2]
    stubborn = await system.build(hierarchy([Source(1), Source(2)], **again))  # type: ignore[arg-type]
    assert len((await stubborn.ask(Text(words=[]))).contradictions) == 1


async def test_a_branch_is_asked_again_through_its_members(system: shoal.System) -> None:
    class People(BranchSummary):
        people: int

    def largest(reports: BranchReports) -> People:
        return People(people=max(fact.people for fact in reports.answers.values()))

    class Leaf(Source):
        async def on_reconsider(self, again: Reconsider, ctx: shoal.Context) -> Fact:
            assert again.answer["people"] == 5
            return Fact(city="Bergen", people=7)

    one = branch("one", [Leaf(5)], summarize=largest, summary=People)
    two = branch("two", [Source(7)], summarize=largest, summary=People)

    class Two(Source):
        async def on_reconsider(self, again: Reconsider, ctx: shoal.Context) -> Fact:
            return Fact(city="Bergen", people=7)

    two = branch("two", [Two(7)], summarize=largest, summary=People)
    team = await system.build(hierarchy([one, two], agree_on=["people"], on_contradiction="ask_again"))
    answer = await team.ask(Text(words=[]))
    assert answer.contradictions == ()
    assert answer.answers["one"]["people"] == 7


async def test_contradictions_can_fail_the_task_and_do_where_they_cannot_be_said(
    system: shoal.System,
) -> None:
    failing = hierarchy([Source(1), Source(2)], agree_on=["people"], on_contradiction="fail")
    cause = await cause_of((await system.build(failing)).ask(Text(words=[])))
    assert isinstance(cause, Undecided)
    assert "1: 1, 2: 2" in cause.text
    mute = hierarchy([Source(1), Source(2)], agree_on=["people"], summarize=lambda reports: 1)
    assert isinstance(await cause_of((await system.build(mute)).ask(Text(words=[]))), Undecided)


async def test_a_function_finds_contradictions_of_its_own(system: shoal.System) -> None:
    def too_far(answers: Any) -> list[Contradiction]:
        people = {name: fact.people for name, fact in answers.items()}
        if max(people.values()) < 2 * min(people.values()):
            return []
        return [Contradiction(about="people", values=people, note="far apart")]

    near = await system.build(hierarchy([Source(10), Source(11)], contradictions=too_far))
    assert (await near.ask(Text(words=[]))).contradictions == ()
    far = await system.build(hierarchy([Source(10), Source(30)], contradictions=too_far))
    assert (await far.ask(Text(words=[]))).contradictions[0].note == "far apart"


# -- refused before anything starts ------------------------------------------------------------------------


async def other(ticket: Ticket) -> Ticket:
    return ticket


def to_plain(reports: Counts) -> Plain:
    return Plain(words=0)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"members": []}, "has no members"),
    ({"members": [count, other]}, "no type of message in common"),
    ({"members": {"divide": count}, "divide": other}, "cannot be called 'divide'"),
    ({"members": [count, other], "divide": halves}, "divide makes Text, which member '2' does not accept"),
    ({"members": [count], "divide": 3}, "member 'divide': 3 cannot be spawned"),
    ({"members": [count], "manager": halves}, "manager is <function"),
    (
        {"members": [count], "manager": other, "divide": halves, "summarize": total},
        "manager has nothing to do",
    ),
    ({"members": [count], "summarize": other}, "it is given shoal.BranchReports"),
    (
        {"members": [count], "summarize": to_plain, "summary": Count},
        "has to be a Count, and summarize makes Plain",
    ),
    ({"members": [count], "summary": Count}, "nobody makes it"),
    ({"members": [count], "summarize": total, "summary": 3}, "summary is 3"),
    ({"members": [other], "summarize": total}, "member '1' answers Ticket, and summarize wants Count"),
    ({"members": [count, count], "need": 3}, "needs 3 answers"),
    ({"members": [count, count], "summarize": to_plain, "need": 1}, "cannot say what is missing"),
    ({"members": [count], "cut": 1.5}, "cut is 1.5"),
    ({"members": [count], "parallel": 0}, "parallel is 0"),
    ({"members": [count], "on_contradiction": "shout"}, "on_contradiction is 'shout'"),
    ({"members": [count], "agree_on": "people"}, "agree_on is 'people'"),
    ({"members": [count], "contradictions": 1}, "contradictions is 1"),
    ({"members": [count], "on_contradiction": "ask_again"}, "does not take shoal.Reconsider"),
    ({"members": count, "depth": 2}, "depth and width belong together"),
    ({"members": count, "depth": 0, "width": 2}, "depth is 0"),
    ({"members": count, "depth": 2, "width": [2]}, "width is"),
    ({"members": count, "depth": 5, "width": 8}, "32,768 workers"),
    ({"members": count, "depth": 2, "width": 2, "summary": [Count]}, "summary is given for 1 levels of 2"),
    ({"members": "abc"}, "members are 'abc'"),
    ({"members": [branch("b", [count]), branch("b", [count])]}, "two members are called 'b'"),
]


@pytest.mark.parametrize(("options", "text"), BAD, ids=[text for _, text in BAD])
async def test_bad_wiring_is_refused_before_anything_starts(
    system: shoal.System, options: dict[str, Any], text: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        await system.build(hierarchy(**options))
    assert text in str(caught.value)
    assert str(caught.value).startswith("hierarchy")
    assert sum(host["agents"] for host in await system.health()) == 0


async def test_a_bad_division_fails_the_task_and_names_the_member(system: shoal.System) -> None:
    def stranger(text: Text) -> Any:
        return {"nobody": text}

    for divide, says in ((stranger, "'nobody'"), (lambda text: [], "0 parts"), (lambda text: 3, "a int"),
                         (lambda text: [3], "is a int, and it takes Text")):  # fmt: skip
        team = await system.build(hierarchy([count], divide=divide, accepts=Text))
        cause = await cause_of(team.ask(Text(words=[])))
        assert isinstance(cause, BadSubtasks)
        assert says in cause.text


def test_a_tree_that_is_too_deep_or_too_wide_gives_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    good = hierarchy(count, depth=3, width=8)
    assert warnings_of(good) == []
    with caplog.at_level(logging.WARNING, logger="shoal.topologies"):
        hierarchy(count, depth=4, width=[1, 1, 1, 9]).check("t")
    assert "4 levels deep" in caplog.text
    assert "top/1/1/1 has 9" in caplog.text
    many = warnings_of(hierarchy(count, depth=2, width=9))
    assert len(many) == 1
    assert "and 5 more" in many[0]


# -- time ---------------------------------------------------------------------------------------------------


async def test_deadlines_and_cancellation_pass_through_all_levels(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(hierarchy([branch("b", [branch("c", [Held(gate)])])]))
    asking = asyncio.ensure_future(team.ask(Ticket(text="x"), timeout_s=20))
    await gate.until_running(1)
    assert gate.deadlines[0] is not None
    asking.cancel()
    await gate.until_cancelled()


async def test_a_supervisor_that_died_is_led_again_and_its_answer_is_whole(system: shoal.System) -> None:
    gate = Gate()

    class Slow(shoal.Agent):
        async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> str:
            if ctx.address == "t/b/2":
                await gate.pass_through()
            return ticket.text

    tree = hierarchy({"a": Slow, "b": branch("b", [Slow, Slow])})
    team = await system.build(tree, name="t")

    def lead() -> Any:
        return system.as_sender.ask_as(
            "client", bytes(range(16)), "t", Ticket(text="x"), Scope(), (), None, 60.0, 1
        )

    first = asyncio.ensure_future(lead())
    await gate.until_running(1)
    await system.stop("t", kill=True)
    with pytest.raises(shoal.errors.ShoalError):
        await first
    gate.open.set()
    front = tree.front(team.members)
    tree._equip(front, team.members, "t")
    await system.spawn(front, name="t")
    answer = await lead()
    assert answer.answers["a"] == "x"
    assert answer.answers["b"]["answers"] == {"1": "x", "2": "x"}
    assert not answer.partial


async def test_a_thousand_tasks_are_in_flight_and_a_blocked_one_holds_up_none(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(hierarchy([branch("b", [Held(gate), Held(gate)]), Held(gate)]))
    held = asyncio.ensure_future(team.ask(Ticket(text="slow"), timeout_s=60))
    await gate.until_running(3)
    answers = await asyncio.gather(*(team.ask(Ticket(text="fast"), timeout_s=60) for _ in range(1000)))
    assert all(not answer.partial and len(answer.answers) == 2 for answer in answers)
    assert not held.done()
    gate.open.set()
    assert not (await held).partial
