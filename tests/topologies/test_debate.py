"""Debate: a maker and its checkers, round by round."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

import shoal
from shoal.actors.llm import Judgement, LLMAgent, Verdict
from shoal.errors import AskTimeout, ConfigError, HandlerError
from shoal.models.scripted import ScriptedModel
from shoal.topologies.debate import debate
from shoal.topologies.errors import NotAccepted
from shoal.topologies.review.debate_record import DebateRecord
from shoal.topologies.review.revision import Contested, Decision, Dispute, Proposal, Revision
from tests.topologies.crew import Draft, Gate, Ticket, Worker, Writer, polish


class Again(Revision):
    task: Ticket
    draft: Draft


class DraftRecord(DebateRecord):
    answer: Draft


class Maker(shoal.Agent):
    """Makes longer what was objected to; gives up after ``most`` letters more."""

    concurrency = 64

    def __init__(self, most: int = 99, step: str = "!") -> None:
        self.most, self.step = most, step

    async def on_ticket(self, ticket: Ticket) -> Draft:
        return Draft(text=ticket.text, steps=["1"])

    async def on_again(self, again: Again) -> Draft:
        objections = [f"{one.by}: {one.why}" for one in again.objections]
        longer = again.draft.text + self.step if again.round <= self.most else again.draft.text
        return Draft(text=longer, steps=[*again.draft.steps, str(again.round), *objections])


class Wants(shoal.Agent):
    """Finds good what has so many ``!``."""

    concurrency = 64

    def __init__(self, count: int, evidence: bool = True) -> None:
        self.count, self.evidence = count, evidence

    async def on_draft(self, draft: Draft) -> Verdict:
        good = draft.text.count("!") >= self.count
        why = "" if good else f"{self.count} marks are wanted"
        return Verdict(good=good, why=why, evidence=[draft.text[:2]] if self.evidence else [])


class Broken(shoal.Agent):
    async def on_draft(self, draft: Draft) -> Verdict:
        raise ValueError("out of order")


class Rude(shoal.Agent):
    """Answers what nobody asked for."""

    async def on_draft(self, draft: Draft) -> Any:
        return "fine"


class TypedDraft(Contested):
    answer: Draft


class TypedDispute(Dispute):
    task: Ticket
    drafts: tuple[TypedDraft, ...]


async def longest(dispute: TypedDispute) -> Decision:
    lengths = [len(draft.answer.text) for draft in dispute.drafts]
    return Decision(draft=lengths.index(max(lengths)) + 1, why=dispute.task.text)


class Judge(shoal.Agent):
    def __init__(self, choice: int) -> None:
        self.choice = choice

    async def on_dispute(self, dispute: Dispute) -> Decision:
        assert dispute.drafts[0].answer["text"] == dispute.task["text"]
        assert all(draft.objections for draft in dispute.drafts)
        return Decision(draft=self.choice, why="the shortest")


def not_accepted(caught: pytest.ExceptionInfo[HandlerError]) -> NotAccepted:
    cause = caught.value.cause
    assert isinstance(cause, NotAccepted)
    return cause


# -- normal work -----------------------------------------------------------------------------------------------


async def test_an_answer_is_made_again_with_the_objections_until_it_is_accepted(system: shoal.System) -> None:
    team = await system.build(debate(Maker(), Wants(1), strict=Wants(2)))
    draft = await team.ask(Ticket(text="go"))
    assert draft == Draft(
        text="go!!", steps=["1", "2", "1: 1 marks are wanted", "strict: 2 marks are wanted", "3",
                            "strict: 2 marks are wanted"],
    )  # fmt: skip


async def test_an_answer_that_all_accept_at_once_takes_one_round(system: shoal.System) -> None:
    team = await system.build(debate(Maker(), Wants(1), record=True))
    record = await team.ask(Ticket(text="go!"))
    assert (record.accepted, record.ended, len(record.rounds)) == (True, "accepted", 1)
    assert record.answer == {"text": "go!", "steps": ["1"]}


async def test_the_record_has_who_objected_what_and_what_changed(system: shoal.System) -> None:
    team = await system.build(debate(Maker(), Wants(1), other=Wants(0), record=DraftRecord))
    record = await team.ask(Ticket(text="go"))
    assert isinstance(record, DraftRecord)
    assert record.answer.text == "go!"
    first, second = record.rounds
    assert (first.agreed, second.agreed) == (("other",), ("1", "other"))
    (objection,) = first.objections
    assert (objection.by, objection.why, objection.evidence) == ("1", "1 marks are wanted", ("go",))
    assert first.changes == ""
    assert second.changes.splitlines()[2:5] == ["@@ -1,2 +1,2 @@", "-text: go", "-steps: ['1']"]
    assert "+text: go!" in second.changes.splitlines()


async def test_enough_checkers_are_enough(system: shoal.System) -> None:
    for need, text in ((None, "go!!"), (2, "go!!"), (1, "go!")):
        team = await system.build(debate(Maker(), Wants(1), Wants(2), need=need))
        assert (await team.ask(Ticket(text="go"))).text == text


async def test_checks_come_first_and_no_checker_is_asked_before_they_pass(system: shoal.System) -> None:
    def short(draft: Draft, task: Ticket) -> str | None:
        return None if len(draft.text) > len(task.text) else "longer than the task, please"

    async def no_question(draft: Draft) -> bool:
        return "?" not in draft.text

    def first_letter(draft: Draft) -> None:
        if not draft.text[0].islower():
            raise ValueError("lower case")

    team = await system.build(
        debate(Maker(), Wants(0), checks=[short, no_question, first_letter], record=True, rounds=2)
    )
    record = await team.ask(Ticket(text="go"))
    assert [(one.by, one.why) for one in record.rounds[0].objections] == [
        ("short", "longer than the task, please")
    ]
    assert record.rounds[0].agreed == ()
    with pytest.raises(HandlerError, match="no_question: refused; first_letter: ValueError: lower case"):
        await team.ask(Ticket(text="Go?"))


async def test_checks_alone_will_do(system: shoal.System) -> None:
    team = await system.build(debate(Maker(), checks=[lambda draft: draft.text.endswith("!") or "no mark"]))
    assert (await team.ask(Ticket(text="go"))).text == "go!"


async def test_checkers_get_the_draft_a_judgement_a_proposal_or_text(system: shoal.System) -> None:
    seen: list[Any] = []

    async def judging(case: Judgement) -> Verdict:
        seen.append((case.question, case.answer, case.criterion))
        return Verdict(good=True, evidence=['"text":"go"'])

    async def proposed(case: Proposal) -> Verdict:
        seen.append((case.task["text"], case.answer["text"], case.criterion, case.round))
        return Verdict(good=True, evidence=["go"])

    async def reading(text: str) -> Verdict:
        seen.append(text)
        return Verdict(good=True, evidence=["GO"])

    team = await system.build(debate(Maker(), judging, proposed, reading, criterion="short"))
    assert (await team.ask(Ticket(text="go"))).text == "go"
    assert ('{"text":"go","skill":"","steps":[]}', '{"text":"go","steps":["1"]}', "short") in seen
    assert ("go", "go", "short", 1) in seen
    (text,) = [one for one in seen if isinstance(one, str)]
    assert text.splitlines()[0] == "Criterion: short"


async def test_llm_agents_debate_in_text_and_in_types(system: shoal.System) -> None:
    maker = LLMAgent(ScriptedModel({"was not accepted": "Paris, on the Seine"}, default="Paris"), "Answer.")
    checker = LLMAgent(
        ScriptedModel(
            {"Seine": Verdict(good=True, evidence=["the Seine"])},
            default=Verdict(good=False, why="name the river", evidence=["Paris"]),
        ),
        "Object.", input=Judgement, output=Verdict,
    )  # fmt: skip
    team = await system.build(debate(maker, checker, record=True))
    record = await team.ask("Where is the Louvre?")
    assert record.answer == "Paris, on the Seine"
    assert record.rounds[1].changes.splitlines()[2:] == ["@@ -1 +1 @@", "-Paris", "+Paris, on the Seine"]


async def test_a_maker_that_sees_the_history_gets_the_objections_as_turns(system: shoal.System) -> None:
    async def writing(said: str) -> str:
        return "better" if "say more" in said else "good"

    async def reading(answer: str) -> Verdict:
        return Verdict(good=answer == "better", why="say more", evidence=[answer])

    team = await system.build(debate(shoal.edge(writing, context=shoal.Whole()), reading))
    assert await team.ask("hello") == "better"


# -- it ends ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rounds", "reached"), [(1, "go"), (2, "go!"), (4, "go!!!")])
async def test_rounds_are_bounded_and_the_error_has_the_draft_and_the_open_objections(
    system: shoal.System, rounds: int, reached: str
) -> None:
    team = await system.build(debate(Maker(), Wants(9), rounds=rounds))
    with pytest.raises(HandlerError, match="9 marks are wanted") as caught:
        await team.ask(Ticket(text="go"))
    details = not_accepted(caught).details
    assert (details["rounds"], details["ended"]) == (rounds, "rounds")
    assert f'"{reached}"' in details["draft"]
    assert details["objections"] == ["1: 9 marks are wanted ['go']"]


class Stubborn(shoal.Agent):
    async def on_ticket(self, ticket: Ticket) -> Draft:
        return Draft(text=ticket.text)

    async def on_again(self, again: Again) -> Draft:
        return Draft(text=again.draft.text if again.task.text != "swing" else "swing" * (2 - again.round % 2))


@pytest.mark.parametrize(("text", "stop", "rounds"), [("go", True, 1), ("go", False, 6), ("swing", True, 2)])
async def test_a_draft_that_was_there_before_ends_the_debate(
    system: shoal.System, text: str, stop: bool, rounds: int
) -> None:
    team = await system.build(debate(Stubborn(), Wants(1), rounds=6, stop_on_repeat=stop))
    with pytest.raises(HandlerError) as caught:
        await team.ask(Ticket(text=text))
    details = not_accepted(caught).details
    assert (details["rounds"], details["ended"]) == (rounds, "repeated" if stop else "rounds")


@pytest.mark.parametrize(("rounds", "ended"), [(3, "judge"), (9, "judge")])
async def test_a_judge_chooses_a_draft_when_nobody_agrees(
    system: shoal.System, rounds: int, ended: str
) -> None:
    team = await system.build(debate(Maker(most=4), Wants(9), rounds=rounds, judge=Judge(2), record=True))
    record = await team.ask(Ticket(text="go"))
    assert (record.answer["text"], record.ended, record.why) == ("go!", ended, "the shortest")
    assert record.accepted
    assert record.rounds[-1].objections


async def test_a_dispute_can_have_types(system: shoal.System) -> None:
    team = await system.build(debate(Maker(most=2), Wants(9), judge=longest, record=DraftRecord))
    record = await team.ask(Ticket(text="go"))
    assert (record.answer.text, record.why) == ("go!", "go")


@pytest.mark.parametrize("choice", [0, 7])
async def test_a_judge_that_chooses_none_ends_it_with_the_error(system: shoal.System, choice: int) -> None:
    team = await system.build(debate(Maker(), Wants(9), judge=Judge(choice)))
    with pytest.raises(HandlerError, match=rf"the judge chose draft {choice} of 3: the shortest") as caught:
        await team.ask(Ticket(text="go"))
    not_accepted(caught)


async def test_the_last_draft_is_an_answer_only_in_a_record_that_says_so(system: shoal.System) -> None:
    team = await system.build(debate(Maker(), Wants(9), on_end="last", record=True))
    record = await team.ask(Ticket(text="go"))
    assert (record.accepted, record.ended, record.answer["text"]) == (False, "rounds", "go!!")
    with pytest.raises(ConfigError, match=r"only a record can say so: add record=True"):
        debate(Maker(), Wants(9), on_end="last")


# -- what counts -----------------------------------------------------------------------------------------------


async def test_an_agreement_without_evidence_does_not_count(system: shoal.System) -> None:
    for evidence in ("quoted", "given"):
        team = await system.build(debate(Maker(), Wants(0, evidence=False), rounds=1, evidence=evidence))
        with pytest.raises(HandlerError, match="1: it agreed, but it gave no evidence"):
            await team.ask(Ticket(text="go"))
    team = await system.build(debate(Maker(), Wants(0, evidence=False), rounds=1, evidence="none"))
    assert (await team.ask(Ticket(text="go"))).text == "go"


async def test_evidence_that_is_nowhere_does_not_count(system: shoal.System) -> None:
    async def inventing(draft: Draft) -> Verdict:
        return Verdict(good=True, evidence=["the tests pass"])

    team = await system.build(debate(Maker(), inventing, rounds=1))
    with pytest.raises(HandlerError, match="in neither the task nor the answer: 'the tests pass'"):
        await team.ask(Ticket(text="go"))
    team = await system.build(debate(Maker(), inventing, rounds=1, evidence="given"))
    assert (await team.ask(Ticket(text="go"))).text == "go"


async def test_a_checker_that_fails_counts_as_none_unless_it_decides(system: shoal.System) -> None:
    team = await system.build(debate(Maker(), Wants(1), Broken(), need=1, record=True))
    record = await team.ask(Ticket(text="go"))
    assert (record.answer["text"], record.rounds[1].silent) == ("go!", ("2",))
    team = await system.build(debate(Maker(), Wants(1), Broken()))
    with pytest.raises(HandlerError, match="out of order"):
        await team.ask(Ticket(text="go!"))


async def test_what_is_no_verdict_is_an_objection(system: shoal.System) -> None:
    team = await system.build(debate(Maker(), Rude(), rounds=1))
    with pytest.raises(HandlerError, match="1: it answered str, not a Verdict"):
        await team.ask(Ticket(text="go"))


async def test_who_objected_is_logged_and_nothing_of_the_task(
    system: shoal.System, caplog: pytest.LogCaptureFixture
) -> None:
    team = await system.build(debate(Maker(), Wants(1)), name="d")
    with caplog.at_level(logging.INFO, logger="shoal.topologies"):
        await team.ask(Ticket(text="go"))
    assert caplog.messages == ["d: round 1: not accepted by 1"]


# -- wiring ----------------------------------------------------------------------------------------------------


async def wants_more(draft: Draft) -> Verdict:
    return Verdict(good=False)


class Both(shoal.Agent):
    """Makes, and would check itself."""

    async def on_ticket(self, ticket: Ticket | Again) -> Draft:
        return Draft(text="")

    async def on_draft(self, draft: Draft) -> Verdict:
        return Verdict(good=True)


def asking(model: Any, words: str, **options: Any) -> LLMAgent:
    return LLMAgent(model, words, input=Judgement, output=Verdict, **options)


BOTH = Both()
SAME: list[Any] = [
    (BOTH, BOTH),
    (Both(), Both),
    (Both(), Both()),
    (Both(), shoal.single(Both())),
    (Maker(), shoal.single(shoal.pipeline(wants_more)), wants_more),
    (Maker(), wants_more, wants_more),
    (Maker(), Wants(1), shoal.function_agent(wants_more), wants_more),
    (Maker(), asking("m", "Object."), asking("m", "Object.")),
]
OTHER: list[Any] = [
    (Maker(), Wants(1), Wants(2)),
    (Maker(), asking("m", "Object."), asking("m", "Be strict.")),
    (Maker(), asking("m", "Object."), asking("n", "Object.")),
    (Maker(), asking("m", "Object.", prompt="x"), asking("m", "Object.", prompt="y")),
]


@pytest.mark.parametrize("members", SAME, ids=range(len(SAME)))
def test_who_checks_must_not_be_who_made(members: Any) -> None:
    with pytest.raises(ConfigError, match=r"debate: '\w+' and '\w+' are the same agent"):
        debate(*members, rounds=1).check()
    debate(*members, rounds=1, distinct=False).validate()


@pytest.mark.parametrize("members", OTHER, ids=range(len(OTHER)))
def test_other_words_or_another_model_are_another_checker(members: Any) -> None:
    debate(*members).check()


class Loud(shoal.Agent):
    async def on_ticket(self, ticket: Ticket) -> Verdict:
        return Verdict(good=True)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: debate(Maker()), "debate: nothing checks the answer: give checkers, or checks"),
        (lambda: debate(Maker(), Wants(1), rounds=0), "debate: 0 rounds; give a whole number from 1 to 100"),
        (lambda: debate(Maker(), Wants(1), need=2), "debate: 2 of 1 checkers cannot agree; give 1 to 1"),
        (lambda: debate(Maker(), Wants(1), need=0), "debate: 0 of 1 checkers cannot agree"),
        (lambda: debate(Maker(), Wants(1), evidence="some"), "debate: evidence is 'some'; it must be one of"),  # type: ignore[arg-type]
        (lambda: debate(Maker(), Wants(1), checks=[len, Draft]), "debate: check Draft must be a function"),
        (lambda: debate(Maker(), Wants(1), checks=["no"]), "debate: check str must be a function"),  # type: ignore[list-item]
        (lambda: debate(Writer(), Wants(1)), "debate: 'maker' accepts Ticket, and could not be told"),
        (lambda: debate(Maker(), Worker()), "debate: '1' accepts Ticket, and cannot be asked about Draft"),
        (lambda: debate(Maker(), Loud()), "debate: '1' accepts Ticket, and cannot be asked about Draft"),
        (lambda: debate(Loud(), Wants(1), rounds=1), "debate: 'maker' takes no task"),
        (lambda: debate(Maker(), polish), "debate: '1' answers Draft, not shoal.Verdict"),
        (lambda: debate(Maker(), Wants(1), judge=Wants(2)), "debate: the judge accepts Draft: let it take"),
        (lambda: debate(Maker(), Wants(1), record=Draft), "debate: record is .*give True, False or a subclass"),  # type: ignore[arg-type]
        (lambda: debate(Maker(), Wants(1), on_end="maybe"), "debate: on_end is 'maybe'"),  # type: ignore[arg-type]
        (lambda: debate(Maker(), {"maker": Wants(1)}), "debate: two members are called 'maker'"),
        (lambda: debate(Maker(), Wants(1), {"1": Wants(2)}), "debate: two members are called '1'"),
    ],
)  # fmt: skip
def test_a_wiring_that_cannot_work_is_refused_before_anything_starts(make: Any, said: str) -> None:
    with pytest.raises((ConfigError, TypeError), match=said):
        make().check()


def test_a_debate_is_drawn_with_drafts_and_objections() -> None:
    team = debate(Maker(), Wants(1), judge=Judge(1))
    assert [tuple(link) for link in team.links()] == [
        ("", "maker", ""), ("maker", "1", "draft"), ("1", "maker", "objections"),
        ("1", "judge", "dispute"), ("judge", "", "decision"), ("maker", "", "accepted"),
    ]  # fmt: skip
    team.check()
    assert (team.signature().accepts, team.signature().returns) == ((Ticket,), (Draft,))
    assert debate(Maker(), Wants(1), record=True).signature().returns == (DebateRecord,)


# -- many, and cut short ---------------------------------------------------------------------------------------


class HeldMaker(shoal.Agent):
    concurrency = 2000

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    async def on_ticket(self, ticket: Ticket | Revision, ctx: shoal.Context) -> Draft:
        if isinstance(ticket, Revision):
            return Draft(text=ticket.draft["text"] + "!")
        if ticket.text == "slow":
            self.gate.deadlines.append(ctx.deadline)
            try:
                await self.gate.pass_through()
            except asyncio.CancelledError:
                self.gate.called_off.set()
                raise
        return Draft(text=ticket.text)


async def test_a_thousand_tasks_go_side_by_side_and_a_slow_one_holds_up_none(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(debate(HeldMaker(gate), Wants(1)))
    slow = asyncio.ensure_future(team.ask(Ticket(text="slow"), timeout_s=120))
    await gate.until_running(1)
    drafts = await asyncio.gather(*(team.ask(Ticket(text=str(n)), timeout_s=120) for n in range(1000)))
    assert [draft.text for draft in drafts] == [f"{n}!" for n in range(1000)]
    assert not slow.done()
    gate.open.set()
    assert (await slow).text == "slow!"


async def test_an_ask_that_times_out_is_cancelled_at_the_maker(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(debate(HeldMaker(gate), Wants(1)))
    with pytest.raises((AskTimeout, HandlerError)):
        await team.ask(Ticket(text="slow"), timeout_s=0.1)
    await gate.until_cancelled()


class HeldChecker(shoal.Agent):
    concurrency = 8

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    async def on_draft(self, draft: Draft, ctx: shoal.Context) -> Verdict:
        try:
            await self.gate.pass_through()
        except asyncio.CancelledError:
            self.gate.called_off.set()
            raise
        return Verdict(good=True)


async def test_cancelling_a_task_cancels_the_checkers(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(debate(Maker(), HeldChecker(gate)))
    asked = asyncio.ensure_future(team.ask(Ticket(text="go")))
    await gate.until_running(1)
    asked.cancel()
    await gate.until_cancelled()
