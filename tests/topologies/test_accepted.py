"""Accepted: an answer is a proposal until checks and verifiers accept it. The rows named here are MAST's."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

import shoal
from shoal.actors.llm import Judgement, LLMAgent, Verdict
from shoal.errors import AskTimeout, ConfigError, HandlerError
from shoal.models.scripted import ScriptedModel
from shoal.topologies.accepted import accepted
from shoal.topologies.errors import NotAccepted
from shoal.topologies.review.debate_record import DebateRecord
from shoal.topologies.review.revision import Proposal, Revision
from tests.topologies.crew import Draft, Gate, Reply, Ticket, Writer


class Doer(shoal.Agent):
    """Does what it is told by the objections, one more each time."""

    concurrency = 2000

    def __init__(self) -> None:
        self.asked = 0

    async def on_ticket(self, ticket: Ticket) -> Draft:
        return Draft(text=ticket.text)

    async def on_revision(self, revision: Revision) -> Draft:
        said = [one.why for one in revision.objections]
        return Draft(text=revision.draft["text"] + "!", steps=[*revision.draft["steps"], *said])


class Wordy(shoal.Agent):
    """Answers in a shape of its own, until it is told."""

    async def on_ticket(self, ticket: Ticket) -> dict[str, Any]:
        return {"text": ticket.text, "by": 7, "mood": "good"}

    async def on_revision(self, revision: Revision) -> dict[str, Any]:
        assert "by" in revision.objections[0].why
        return {"text": revision.task["text"], "by": "wordy"}


class Yes(shoal.Agent):
    """Finds everything good."""

    concurrency = 64

    def __init__(self, *evidence: str) -> None:
        self.evidence = list(evidence)

    async def on_case(self, case: Judgement) -> Verdict:
        return Verdict(good=True, evidence=self.evidence)


class No(shoal.Agent):
    concurrency = 64

    async def on_case(self, case: Proposal) -> Verdict:
        return Verdict(good=False, why="too short", evidence=[case.answer["text"]])


def marked(draft: Draft) -> str | None:
    return None if draft.text.endswith("!") else "no mark at the end"


def details_of(caught: pytest.ExceptionInfo[HandlerError]) -> dict[str, Any]:
    cause = caught.value.cause
    assert isinstance(cause, NotAccepted)
    return cause.details


# -- MAST ------------------------------------------------------------------------------------------------------


async def test_an_answer_of_the_wrong_shape_is_refused_and_counted(system: shoal.System) -> None:
    """FM-1.1, disobey task specification."""
    team = await system.build(accepted(Wordy(), returns=Reply, attempts=0))
    with pytest.raises(HandlerError, match=r"returns: Reply: by: Input should be a valid string") as caught:
        await team.ask(Ticket(text="go"))
    assert details_of(caught)["rounds"] == 1
    assert len(details_of(caught)["objections"]) == 1
    unchecked = await system.build(shoal.single(Wordy()))
    assert (await unchecked.ask(Ticket(text="go")))["by"] == 7


async def test_a_wrong_shape_goes_back_with_what_is_wrong_and_comes_as_the_model(
    system: shoal.System,
) -> None:
    """FM-1.1: the doer gets the fields, and its next answer is the typed one."""
    team = await system.build(accepted(Wordy(), returns=Reply, record=True))
    record = await team.ask(Ticket(text="go"))
    assert record.answer == {"text": "go", "by": "wordy", "steps": []}
    assert [one.by for one in record.rounds[0].objections] == ["returns"]
    typed = await system.build(accepted(Wordy(), returns=Reply))
    assert await typed.ask(Ticket(text="go")) == Reply(text="go", by="wordy")


async def test_nobody_is_done_because_it_says_so(system: shoal.System) -> None:
    """FM-3.1, premature termination: an answer with an open check is no answer."""
    team = await system.build(accepted(Doer(), checks=[marked], attempts=0))
    with pytest.raises(HandlerError, match=r"no answer was accepted .*marked: no mark at the end"):
        await team.ask(Ticket(text="go"))
    with pytest.raises(ConfigError, match="accepted: nothing checks the answer: give verifiers, or checks"):
        accepted(Doer()).check()


async def test_a_doer_does_not_verify_itself(system: shoal.System) -> None:
    """FM-3.2, no or incomplete verification: the same agent in both roles is refused before anything starts."""

    class Both(shoal.Agent):
        async def on_ticket(self, ticket: Ticket | Revision) -> Draft:
            return Draft(text="done")

        async def on_case(self, case: Judgement) -> Verdict:
            return Verdict(good=True, evidence=["done"])

    both = Both()
    for verifiers in ([both], [Both()], [Yes("go"), Both], {"check": shoal.single(both)}):
        with pytest.raises(ConfigError, match="are the same agent: it would agree with itself"):
            await system.build(accepted(both, verifiers=verifiers))
    team = await system.build(accepted(both, verifiers=[both], distinct=False))
    assert (await team.ask(Ticket(text="go"))).text == "done"


async def test_a_required_verifier_has_to_agree(system: shoal.System) -> None:
    """FM-3.2: an answer that only the doer finds complete is not accepted; k of n are enough where that is said."""
    for need, text in ((None, ""), (2, "go"), (1, "go")):
        team = await system.build(
            accepted(Doer(), verifiers=[Yes("go"), Yes("GO", "go"), No()], need=need, attempts=0)
        )
        if text:
            assert (await team.ask(Ticket(text="go"))).text == text
        else:
            with pytest.raises(HandlerError, match=r"3: too short \['go'\]"):
                await team.ask(Ticket(text="go"))


async def test_a_verdict_without_evidence_does_not_count(system: shoal.System) -> None:
    """FM-3.3, incorrect verification: "good" needs passages, and they have to be there."""
    for verifier, why in (
        (Yes(), "it gave no evidence"),
        (Yes(" "), "no evidence"),
        (Yes("zebra"), "neither"),
    ):
        team = await system.build(accepted(Doer(), verifiers=[verifier], attempts=0))
        with pytest.raises(HandlerError, match=f"it agreed, but .*{why}"):
            await team.ask(Ticket(text="go"))
    team = await system.build(accepted(Doer(), verifiers=[Yes()], evidence="none", attempts=0))
    assert (await team.ask(Ticket(text="go"))).text == "go"


async def test_a_check_that_fails_wins_over_verifiers_and_the_disagreement_is_counted(
    system: shoal.System, caplog: pytest.LogCaptureFixture
) -> None:
    """FM-3.3: every verifier says good, the check does not; the task is not done, and it is known who was wrong."""
    team = await system.build(
        accepted(Doer(), checks=[marked], verifiers={"a": Yes("go"), "b": Yes("GO")}, attempts=0), name="t"
    )
    with caplog.at_level(logging.INFO, logger="shoal.topologies"), pytest.raises(HandlerError) as caught:
        await team.ask(Ticket(text="go"))
    assert details_of(caught)["disagreements"] == 2
    warnings = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert warnings == ["t: round 1: a, b found good what a check refused"]
    unchecked = await system.build(accepted(Doer(), verifiers={"a": Yes("go")}))
    assert (await unchecked.ask(Ticket(text="go"))).text == "go"


async def test_without_audit_verifiers_are_not_asked_about_what_a_check_refused(system: shoal.System) -> None:
    for audit, count in ((True, 1), (False, 0)):
        team = await system.build(
            accepted(Doer(), checks=[marked], verifiers=[Yes("go")], audit=audit, record=True)
        )
        record = await team.ask(Ticket(text="go"))
        assert (record.disagreements, record.answer["text"]) == (count, "go!")


async def test_a_doer_hears_every_objection(system: shoal.System) -> None:
    """FM-2.4 and 2.5: what one found is not lost on the other."""
    team = await system.build(
        accepted(Doer(), checks=[marked], verifiers=[Yes("go"), No()], need=1, record=True)
    )
    record = await team.ask(Ticket(text="go"))
    assert record.answer == {"text": "go!", "steps": ["no mark at the end", "too short"]}
    assert isinstance(record, DebateRecord)


# -- attempts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("attempts", "accepted_"), [(0, False), (1, False), (2, True), (5, True)])
async def test_a_refused_answer_goes_back_so_often_and_no_more(
    system: shoal.System, attempts: int, accepted_: bool
) -> None:
    def twice(draft: Draft) -> bool:
        return draft.text.count("!") >= 2

    team = await system.build(accepted(Doer(), checks=[twice], attempts=attempts))
    if accepted_:
        assert (await team.ask(Ticket(text="go"))).text == "go!!"
    else:
        with pytest.raises(
            HandlerError, match=f"{attempts + 1} rounds? (is|are) over.*twice: refused"
        ) as caught:
            await team.ask(Ticket(text="go"))
        assert details_of(caught)["rounds"] == attempts + 1


async def test_a_doer_that_takes_no_objections_is_asked_once_or_refused(system: shoal.System) -> None:
    with pytest.raises(ConfigError, match=r"let it take Ticket \| shoal.Revision, or str"):
        await system.build(accepted(Writer(), checks=[marked]))
    team = await system.build(accepted(Writer(), checks=[marked], attempts=0))
    assert (await team.ask(Ticket(text="go!"))).text == "go!"


async def test_an_llm_agent_does_and_another_verifies(system: shoal.System) -> None:
    doer = LLMAgent(
        ScriptedModel({"too vague": Draft(text="refund 12 euros")}, default=Draft(text="refund")),
        "Decide.", input=Ticket | Revision, output=Draft,
    )  # fmt: skip
    verifier = LLMAgent(
        ScriptedModel(
            {"12 euros": Verdict(good=True, evidence=["charged 12 euros twice", "refund 12 euros"])},
            default=Verdict(good=False, why="too vague: how much?"),
        ),
        "Verify.", input=Proposal, output=Verdict,
    )  # fmt: skip
    team = await system.build(accepted(doer, verifiers=[verifier]))
    with pytest.raises(HandlerError, match="neither the task nor the answer: 'charged 12 euros twice'"):
        await team.ask(Ticket(text="charged 11 euros twice"))
    team = await system.build(accepted(doer, verifiers=[verifier], evidence="given"))
    assert (await team.ask(Ticket(text="charged twice"))).text == "refund 12 euros"


# -- wiring ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: accepted(Doer(), verifiers=[Yes("a"), Yes("b")], need=3), "accepted: 3 of 2 verifiers cannot"),
        (lambda: accepted(Doer(), checks=[marked], need=1), "accepted: 1 of 0 verifiers cannot agree"),
        (lambda: accepted(Doer(), checks=[marked], attempts=-1), "accepted: attempts is -1"),
        (lambda: accepted(Doer(), checks=[marked], attempts="x"), "accepted: attempts is 'x'"),  # type: ignore[arg-type]
        (lambda: accepted(Doer(), returns=int), "accepted: returns is <class 'int'>, which is no Pydantic"),  # type: ignore[arg-type]
        (lambda: accepted(Doer(), returns=Reply), "accepted: 'doer' returns Draft, which is no Reply"),
        (lambda: accepted(Doer(), verifiers=[Writer()]), "accepted: '1' accepts Ticket, and cannot be asked"),
        (lambda: accepted(Doer(), verifiers={"doer": Yes("a")}), "accepted: two members are called 'doer'"),
        (lambda: accepted(Doer(), verifiers=[Yes("a")], record="yes"), "accepted: record is 'yes'"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_a_wiring_that_cannot_work_is_refused_before_anything_starts(make: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make().check()


async def test_accepted_teams_nest(system: shoal.System) -> None:
    inner = accepted(Doer(), checks=[marked])
    line = shoal.pipeline(inner, polish_=accepted(shout, checks=[loud], attempts=0))
    team = await system.build(accepted(line, verifiers=[Yes("go")], attempts=0))
    assert (await team.ask(Ticket(text="go"))).text == "GO!"


async def shout(draft: Draft) -> Draft:
    return Draft(text=draft.text.upper())


def loud(draft: Draft) -> bool:
    return draft.text.isupper()


# -- many, and cut short ---------------------------------------------------------------------------------------


class Held(shoal.Agent):
    """A verifier that waits for some."""

    concurrency = 2000

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    async def on_draft(self, draft: Draft) -> Verdict:
        if draft.text.startswith("slow"):
            try:
                await self.gate.pass_through()
            except asyncio.CancelledError:
                self.gate.called_off.set()
                raise
        return Verdict(good=True, evidence=[draft.text])


async def test_a_thousand_tasks_go_side_by_side_and_a_slow_one_holds_up_none(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(accepted(Doer(), checks=[marked], verifiers=[Held(gate)], audit=False))
    slow = asyncio.ensure_future(team.ask(Ticket(text="slow"), timeout_s=120))
    await gate.until_running(1)
    drafts = await asyncio.gather(*(team.ask(Ticket(text=str(n)), timeout_s=120) for n in range(1000)))
    assert [draft.text for draft in drafts] == [f"{n}!" for n in range(1000)]
    assert not slow.done()
    gate.open.set()
    assert (await slow).text == "slow!"


async def test_an_ask_that_times_out_is_cancelled_at_the_verifiers(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(accepted(Doer(), verifiers=[Held(gate)]))
    with pytest.raises((AskTimeout, HandlerError)):
        await team.ask(Ticket(text="slow"), timeout_s=0.1)
    await gate.until_cancelled()
