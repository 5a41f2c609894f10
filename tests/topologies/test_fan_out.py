"""Fan-out: all are asked, one answer comes out, and who disagreed, failed or was late is known."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import BaseModel, Field

import shoal
from shoal.runtime.errors import AskTimeout, ConfigError, HandlerError
from shoal.topologies.answers.concatenation import concatenate
from shoal.topologies.answers.fan_out_result import FanOutResult
from shoal.topologies.answers.merging import merge_by_schema
from shoal.topologies.answers.ranking import ranked_vote
from shoal.topologies.answers.synthesis import Synthesis, synthesize
from shoal.topologies.answers.voting import majority_vote, weighted_vote
from shoal.topologies.errors import QuorumMissed, Undecided
from shoal.topologies.fan_out import WARN_PAST, fan_out
from shoal.topologies.wiring.edge import edge
from tests.contract.waiting import eventually
from tests.topologies.case_fan_out import CASES
from tests.topologies.conftest import agents_running
from tests.topologies.crew import Biller, Gate, Held, Invoice, Mute, Reply, Step, Ticket, Worker

FAST = Ticket(text="fast")
TAKEN: dict[str, Any] = {"1": Worker()}


class Label(BaseModel):
    label: str
    confidence: float


class Labelled(FanOutResult):
    answer: Label | None = None
    answers: dict[str, Label] = Field(default_factory=dict)


class Tagger(shoal.Agent):
    """Always says the same."""

    concurrency = 64

    def __init__(self, label: str, confidence: float = 0.5) -> None:
        self.answer = Label(label=label, confidence=confidence)

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Label:
        return self.answer


class Late(Tagger):
    """Waits at a gate first."""

    def __init__(self, label: str, gate: Gate) -> None:
        super().__init__(label)
        self.gate = gate

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Label:
        try:
            await self.gate.pass_through()
        except asyncio.CancelledError:
            self.gate.cancelled.append(ctx.address)
            self.gate.called_off.set()
            raise
        return self.answer


class Broken(Tagger):
    """Fails every time."""

    def __init__(self) -> None:
        super().__init__("")

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Label:
        raise ValueError("no labels today")


class Silent(Tagger):
    """Answers nothing."""

    def __init__(self) -> None:
        super().__init__("")

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Label | None:  # type: ignore[override]
        return None


async def say(ticket: Ticket) -> str:
    return ticket.text


async def rank(ticket: Ticket) -> list[str]:
    return ticket.text.split()


async def deny(ticket: Ticket) -> str:
    return f"not {ticket.text}"


async def from_text(text: str) -> Reply:
    return Reply(text=text, by="writer")


async def unfit(ticket: Ticket) -> str:
    return ticket.text


def cause_of(error: HandlerError) -> Any:
    return error.cause


# -- normal work -------------------------------------------------------------------------------------------


async def test_the_common_case_is_one_line_and_gives_the_answer_itself(system: shoal.System) -> None:
    team = await system.build(fan_out(Tagger("billing", 0.9), Tagger("Billing", 0.8), by=majority_vote()))
    assert await team.ask(Ticket(text="charged twice"), timeout_s=5) == Label(label="billing", confidence=0.9)
    assert sorted(team.members) == ["1", "2"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.name))
async def test_the_cases_of_the_contract_work(system: shoal.System, case: Any) -> None:
    team = await system.build(case.team())
    numbers = range(0, 20, 3)
    for n, answer in zip(
        numbers, await asyncio.gather(*(team.ask(case.message(n)) for n in numbers)), strict=True
    ):
        case.check(n, answer)


async def test_every_aggregate_works_in_a_team(system: shoal.System) -> None:
    def longest(message: Ticket, answers: Mapping[str, str]) -> str:
        return f"{message.text}: {max(answers, key=lambda name: len(answers[name]))}"

    async def shout(ticket: Ticket) -> str:
        return f"{ticket.text}!"

    for by, members, right in (
        (concatenate(), {"a": say, "b": shout}, "c b a\n\nc b a!"),
        (longest, {"a": say, "b": shout}, "c b a: b"),
        (ranked_vote(), {"a": rank, "b": rank}, "c"),
        (weighted_vote({"b": 2}), {"a": say, "b": shout}, "c b a!"),
        (
            synthesize(from_text),
            {"a": say},
            Reply(text="Task: {'text': 'c b a', 'skill': '', 'steps': []}\n\na: c b a", by="writer"),
        ),
    ):
        team = await system.build(fan_out(members, by=by))
        assert await team.ask(Ticket(text="c b a")) == right


async def test_a_thousand_tasks_in_flight_and_one_that_is_held_holds_up_nobody(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(
        fan_out(Step("a"), Held(gate), Step("a"), by=majority_vote("text", more_than=0.9))
    )
    held = asyncio.ensure_future(team.ask(Ticket(text="held")))
    await gate.until_running(1)
    answers = await asyncio.gather(*(team.ask(FAST) for _ in range(1000)))
    assert all(answer.text == "fast" for answer in answers)
    assert not held.done()
    gate.open.set()
    assert (await held).text == "held"


async def test_several_fronts_share_the_work(system: shoal.System) -> None:
    team = await system.build(fan_out(Tagger("x"), Tagger("x"), by=majority_vote(), fronts=2))
    answers = await asyncio.gather(*(team.ask(FAST) for _ in range(20)))
    assert {answer.label for answer in answers} == {"x"}
    assert await agents_running(system) == 5


# -- disagreement ------------------------------------------------------------------------------------------


async def test_a_tie_is_no_answer_but_an_error_with_the_votes(system: shoal.System) -> None:
    team = await system.build(fan_out(a=Tagger("x"), b=Tagger("y"), by=majority_vote("label")))
    with pytest.raises(
        HandlerError, match=r"no answer has more than 1/2 of 2 votes .*'x' 1 \(a\); 'y' 1 \(b\)"
    ) as e:
        await team.ask(FAST)
    error = cause_of(e.value)
    assert isinstance(error, Undecided)
    assert error.details["votes"] == [
        {"text": "x", "by": ["a"], "weight": 1.0},
        {"text": "y", "by": ["b"], "weight": 1.0},
    ]


async def test_a_report_has_the_votes_and_the_dissent_and_the_types_it_names(system: shoal.System) -> None:
    members = {"a": Tagger("x", 0.1), "b": Tagger("y", 0.2), "c": Tagger("x", 0.3)}
    team = await system.build(fan_out(members, by=majority_vote("label"), report=Labelled, early=False))
    result = await team.ask(FAST)
    assert isinstance(result, Labelled)
    assert result.answer == Label(label="x", confidence=0.1)
    assert result.answers["b"] == Label(label="y", confidence=0.2)
    assert [(one.text, one.by) for one in result.votes] == [("x", ("a", "c")), ("y", ("b",))]
    assert (result.dissent, result.missing, result.partial, result.decided) == (("b",), {}, False, True)


async def test_a_report_without_a_class_has_plain_data_and_says_that_there_is_no_answer(
    system: shoal.System,
) -> None:
    team = await system.build(fan_out(Tagger("x"), Tagger("y"), by=majority_vote("label"), report=True))
    result = await team.ask(FAST)
    assert (result.decided, result.answer) == (False, None)
    assert "no answer has more than" in result.undecided
    assert result.answers == {"1": {"label": "x", "confidence": 0.5}, "2": {"label": "y", "confidence": 0.5}}


async def test_dissent_and_ties_are_logged(system: shoal.System, caplog: pytest.LogCaptureFixture) -> None:
    most = await system.build(fan_out(a=say, b=say, c=deny, by=majority_vote(), early=False), name="most")
    with caplog.at_level(logging.INFO, logger="shoal.topologies"):
        await most.ask(Ticket(text="x"))
    assert "most: dissent of c" in caplog.text
    tied = await system.build(fan_out(a=say, c=deny, by=majority_vote()), name="tied")
    with caplog.at_level(logging.INFO, logger="shoal.topologies"), pytest.raises(HandlerError):
        await tied.ask(Ticket(text="x"))
    assert "tied: undecided: majority vote: no answer has" in caplog.text


async def test_what_contradicts_in_a_merge_is_an_error_unless_somebodys_word_counts(
    system: shoal.System,
) -> None:
    async def low(ticket: Ticket) -> Invoice:
        return Invoice(amount=1)

    async def high(ticket: Ticket) -> Invoice:
        return Invoice(amount=2)

    strict = await system.build(fan_out(low=low, high=high, by=merge_by_schema(Invoice)))
    with pytest.raises(HandlerError, match="contradicts: amount: low: 1, high: 2"):
        await strict.ask(FAST)
    team = await system.build(fan_out(low=low, high=high, by=merge_by_schema(Invoice, prefer=["high"])))
    assert await team.ask(FAST) == Invoice(amount=2)


async def test_who_writes_is_told_of_the_conflict_and_the_report_has_it_too(system: shoal.System) -> None:
    asked: list[Synthesis] = []

    async def write(synthesis: Synthesis) -> Reply:
        asked.append(synthesis)
        return Reply(text="both", by="writer")

    members = {"a": Tagger("x"), "b": Tagger("y"), "c": Broken()}
    by = synthesize(write, fields=["label"])
    team = await system.build(fan_out(members, by=by, quorum=2, report=True))
    result = await team.ask(Ticket(text="why?"))
    assert result.answer == {"text": "both", "by": "writer", "steps": []}
    assert result.partial
    assert [one.values for one in result.conflicts] == [{"a": "x", "b": "y"}]
    assert [one.values for one in asked[0].conflicts] == [{"a": "x", "b": "y"}]
    assert asked[0].task["text"] == "why?"
    assert asked[0].missing == ("c",)


async def test_a_language_model_can_write_the_answer(system: shoal.System) -> None:
    script = shoal.ScriptedModel(lambda request: f"read {len(request.messages[-1].text)} characters")
    writer = shoal.LLMAgent(script, "Write one answer.")
    team = await system.build(fan_out(a=say, b=say, by=synthesize(writer)))
    assert (await team.ask(Ticket(text="hello"))).startswith("read ")


# -- failures, quorums and stragglers ----------------------------------------------------------------------


async def test_a_member_that_fails_is_missing_and_the_answer_of_the_others_partial(
    system: shoal.System, caplog: pytest.LogCaptureFixture
) -> None:
    members = {"a": Tagger("x"), "b": Broken(), "c": Silent()}
    team = await system.build(
        fan_out(members, by=majority_vote("label"), quorum=1, report=Labelled), name="t"
    )
    with caplog.at_level(logging.INFO, logger="shoal.topologies"):
        result = await team.ask(FAST)
    assert result.answer.label == "x"
    assert result.partial
    assert "HandlerError: t/b raised ValueError" in result.missing["b"]
    assert "no labels today" in result.missing["b"]
    assert result.missing["c"] == "it answered nothing (None)"
    assert "t: partial, without b: HandlerError" in caplog.text


async def test_a_partial_answer_that_nobody_labels_is_warned_of(
    system: shoal.System, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="shoal.topologies"):
        for report in (True, False):
            assert caplog.text == ""
            members = {"a": Tagger("x"), "b": Broken()}
            team = await system.build(fan_out(members, by=majority_vote("label"), quorum=1, report=report))
            await team.ask(FAST)
    assert "partial, without b: HandlerError" in caplog.text


async def test_without_a_smaller_quorum_an_answer_of_few_is_refused_with_what_came(
    system: shoal.System,
) -> None:
    members = {"a": Tagger("x"), "b": Broken(), "c": Silent()}
    team = await system.build(fan_out(members, by=majority_vote("label")))
    with pytest.raises(HandlerError, match="1 of 3 members gave a usable answer, and 3 are needed") as caught:
        await team.ask(FAST)
    error = cause_of(caught.value)
    assert isinstance(error, QuorumMissed)
    assert error.details["answers"] == {"a": '{"label":"x","confidence":0.5}'}
    assert set(error.details["missing"]) == {"b", "c"}
    assert error.details["needed"] == 3


async def test_a_failure_that_cannot_change_a_majority_is_no_failure_of_the_task(
    system: shoal.System,
) -> None:
    members = {"a": Tagger("x"), "b": Broken(), "c": Tagger("x")}
    team = await system.build(fan_out(members, by=majority_vote("label"), report=Labelled))
    result = await team.ask(FAST)
    assert result.answer.label == "x"
    assert not result.partial


async def test_enough_answers_end_it_and_the_straggler_is_cancelled(system: shoal.System) -> None:
    gate = Gate()
    members = {"a": Tagger("x"), "b": Tagger("y"), "c": Late("z", gate)}
    team = await system.build(fan_out(members, by=concatenate_labels, need=2, report=True), name="t")
    result = await team.ask(FAST)
    assert result.answer == "xy"
    assert result.missing == {"c": "not waited for: enough had answered"}
    assert result.partial
    await gate.until_cancelled()
    assert gate.cancelled == ["t/c"]


def concatenate_labels(message: Any, answers: Mapping[str, Label]) -> str:
    return "".join(answer.label for answer in answers.values())


async def test_without_need_everybody_is_waited_for(system: shoal.System) -> None:
    gate = Gate()
    members = {"a": Tagger("x"), "b": Tagger("y"), "c": Late("z", gate)}
    team = await system.build(fan_out(members, by=concatenate_labels))
    answer = asyncio.ensure_future(team.ask(FAST))
    await gate.until_running(1)
    assert not answer.done()
    gate.open.set()
    assert await answer == "xyz"
    assert gate.cancelled == []


async def test_a_vote_that_cannot_change_ends_and_who_still_works_is_cancelled(system: shoal.System) -> None:
    gate = Gate()
    members = {"a": Late("y", gate), "b": Tagger("x"), "c": Tagger("x")}
    team = await system.build(fan_out(members, by=majority_vote("label"), report=Labelled), name="t")
    result = await team.ask(FAST)
    assert result.answer.label == "x"
    assert result.missing == {"a": "not waited for: nothing it could say would change the outcome"}
    assert not result.partial
    await gate.until_cancelled()
    assert gate.cancelled == ["t/a"]


async def test_a_vote_that_is_not_to_end_early_hears_everybody(system: shoal.System) -> None:
    gate = Gate()
    members = {"a": Late("y", gate), "b": Tagger("x"), "c": Tagger("x")}
    by = majority_vote("label")
    team = await system.build(fan_out(members, by=by, early=False, report=Labelled))
    answer = asyncio.ensure_future(team.ask(FAST))
    await gate.until_running(1)
    assert not answer.done()
    gate.open.set()
    assert (await answer).dissent == ("a",)


async def test_the_deadline_cuts_a_straggler_and_cancels_it(system: shoal.System) -> None:
    gate = Gate()
    members = {"a": Tagger("x"), "b": Late("y", gate)}
    plan: dict[str, Any] = {"by": concatenate_labels, "deadline_s": 1.5, "report": True}
    team = await system.build(fan_out(members, quorum=1, **plan), name="t")
    result = await team.ask(FAST)
    assert (result.answer, result.partial) == ("x", True)
    assert result.missing == {"b": "no answer within 1.5 s"}
    await gate.until_cancelled()
    assert gate.cancelled == ["t/b"]
    strict = await system.build(fan_out(members, **plan))
    with pytest.raises(HandlerError, match=r"1 of 2 members gave .*b: no answer within 1\.5 s") as caught:
        await strict.ask(FAST)
    assert cause_of(caught.value).details["answers"] == {"a": '{"label":"x","confidence":0.5}'}


async def test_the_asker_hears_what_came_before_its_own_time_is_over(system: shoal.System) -> None:
    gate = Gate()
    members = {"a": Tagger("x"), "b": Late("y", gate)}
    team = await system.build(fan_out(members, by=concatenate_labels, quorum=1))
    assert await team.ask(FAST, timeout_s=2) == "x"
    alone = await system.build(fan_out(b=Late("y", gate), by=concatenate_labels))
    with pytest.raises(HandlerError, match="0 of 1 members") as caught:
        await alone.ask(FAST, timeout_s=2)
    assert not isinstance(caught.value, AskTimeout)


async def test_when_too_many_have_failed_the_others_are_not_waited_for(system: shoal.System) -> None:
    gate = Gate()
    members = {"a": Broken(), "b": Late("y", gate)}
    team = await system.build(fan_out(members, by=concatenate_labels), name="t")
    with pytest.raises(HandlerError, match=r"0 of 2 members .* a: HandlerError"):
        await team.ask(FAST)
    await gate.until_cancelled()


async def test_an_answer_that_its_edge_refuses_is_missing(system: shoal.System) -> None:
    claimed = edge(Tagger("x"), context=Ticket)
    bare = edge(say_sources, require_sources=True)
    by = majority_vote("label")
    team = await system.build(fan_out(a=claimed, b=bare, by=by, quorum=1, report=True))
    result = await team.ask(FAST)
    assert result.answer == {"label": "x", "confidence": 0.5}
    assert "SourcesMissing" in result.missing["b"]


async def say_sources(ticket: Ticket) -> dict[str, Any]:
    return {"label": "x", "sources": []}


async def test_a_function_that_raises_fails_the_task_and_does_not_hang(system: shoal.System) -> None:
    def broken(message: Any, answers: Any) -> str:
        raise KeyError("nothing there")

    for need in (None, 1):
        team = await system.build(fan_out(say, say, by=broken, need=need))
        with pytest.raises(HandlerError, match="raised KeyError"):
            await team.ask(FAST)

    class Odd(type(concatenate())):  # type: ignore[misc]
        def objection(self, answer: Any) -> str:
            raise KeyError("of its own")

    team = await system.build(fan_out(say, say, by=Odd(" ", False)))
    with pytest.raises(HandlerError, match="raised KeyError"):
        await team.ask(FAST, timeout_s=30)


# -- nesting -----------------------------------------------------------------------------------------------


async def test_deadlines_and_cancellation_go_through_three_levels(system: shoal.System) -> None:
    gate = Gate()
    inmost = fan_out(held=Held(gate), too=Held(gate), by=majority_vote("text"))
    nested = fan_out(line=shoal.pipeline(Step("a"), inmost), other=Held(gate), by=majority_vote("text"))
    team = await system.build(nested, name="t")
    asked = asyncio.ensure_future(team.ask(Ticket(text="slow"), timeout_s=60))
    await gate.until_running(3)
    assert len(gate.deadlines) == 3
    assert all(deadline is not None for deadline in gate.deadlines)
    asked.cancel()

    async def all_cancelled() -> bool:
        return len(gate.cancelled) == 3

    await eventually(all_cancelled)
    assert set(gate.cancelled) == {"t/other", "t/line/2/held", "t/line/2/too"}


async def test_a_team_can_be_a_member_and_a_fan_out_a_stage(system: shoal.System) -> None:
    votes = fan_out(shoal.pipeline(Step("a"), Step("b")), Step("c"), by=majority_vote("text"))
    team = await system.build(shoal.pipeline(votes, Step("d")))
    assert (await team.ask(Ticket(text="x"))).steps == ["a", "b", "d"]


# -- wiring ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: fan_out(by=majority_vote()), "fan_out has no members"),
        (lambda: fan_out(by=synthesize(say)), "fan_out has no members"),
        (lambda: fan_out(Worker(), by="majority"), "fan_out: by is 'majority'; give a vote"),
        (lambda: fan_out(Mute(), by=majority_vote()), "fan_out, member '1': Mute handles nothing"),
        (lambda: fan_out(Worker(), by=majority_vote(), **TAKEN), "two members are called '1'"),
        (
            lambda: fan_out(a=Worker(), b=from_text, by=majority_vote()),
            "none is accepted by all: 'a' accepts Ticket; 'b' accepts str",
        ),
        (
            lambda: fan_out(a=Worker(), b=Step("x"), by=majority_vote()),
            "fan_out: majority vote: the members answer different types",
        ),
        (
            lambda: fan_out(a=Worker(), by=majority_vote("colour")),
            "'a' answers Reply, which has no field 'colour'",
        ),
        (lambda: fan_out(a=Worker(), by=weighted_vote({"b": 2})), "'b' has a weight and is none of a"),
        (lambda: fan_out(a=Worker(), by=merge_by_schema(Invoice)), "which has none of the fields of Invoice"),
        (lambda: fan_out(a=Worker(), by=concatenate()), "concatenate: member 'a' answers Reply"),
        (lambda: fan_out(a=Worker(), by=synthesize(unfit)), "accepts Ticket, neither Synthesis"),
        (
            lambda: fan_out(a=Worker(), writer=Worker(), by=synthesize(from_text)),
            "a member is called 'writer'",
        ),
        (
            lambda: fan_out(a=Worker(), by=majority_vote(), need=2),
            "need is 2; it is a number of members, from 1 to 1",
        ),
        (lambda: fan_out(a=Worker(), by=majority_vote(), quorum=0), "quorum is 0"),
        (lambda: fan_out(Worker(), Worker(), by=majority_vote(), need=1, quorum=2), "quorum is 2, and need"),
        (lambda: fan_out(a=Worker(), by=majority_vote(), deadline_s=0), "deadline_s is 0"),
        (lambda: fan_out(a=Worker(), by=majority_vote(), report=Reply), "fan_out: report is"),  # type: ignore[arg-type]
        (
            lambda: shoal.pipeline(fan_out(a=Worker(), by=majority_vote()), Step("x")),
            "returns Reply, which stage '2' does not accept",
        ),
        (
            lambda: shoal.pipeline(fan_out(a=Step("a"), by=majority_vote(), report=True), Step("x")),
            "returns FanOutResult, which stage '2' does not accept",
        ),
    ],
)
async def test_a_wiring_that_cannot_work_is_refused_before_anything_is_started(
    system: shoal.System, make: Any, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        await system.build(make())
    assert await agents_running(system) == 0


async def test_only_what_all_members_take_is_accepted(system: shoal.System) -> None:
    team = await system.build(fan_out(Biller(), Worker(), by=majority_vote("text")))
    assert (await team.ask(Ticket(text="x"))).text == "x"
    assert team.describe()["accepts"] == "Ticket"
    with pytest.raises(shoal.errors.UnknownMessage):
        await team.ask(Invoice(amount=1))


async def test_more_than_eight_members_are_warned_of_and_eight_are_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, logger="shoal.topologies"):
        fan_out(*[Worker() for _ in range(WARN_PAST)], by=majority_vote()).check()
        assert caplog.text == ""
        fan_out(*[Worker() for _ in range(WARN_PAST + 1)], by=majority_vote()).check()
    assert "9 members answer each message" in caplog.text


def test_the_picture_shows_the_way_out_and_back() -> None:
    drawn = fan_out(a=Step("a"), b=Step("b"), by=majority_vote()).describe()
    assert drawn["links"] == [
        {"from": "", "to": "a", "label": ""},
        {"from": "", "to": "b", "label": ""},
        {"from": "a", "to": "", "label": "majority vote"},
        {"from": "b", "to": "", "label": "majority vote"},
    ]
    written = fan_out(a=Step("a"), by=synthesize(from_text)).describe()
    assert {"from": "writer", "to": "", "label": ""} in written["links"]
    assert written["returns"] == "Reply"
    assert set(written["members"]) == {"a", "writer"}
