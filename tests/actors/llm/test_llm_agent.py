"""LLM agents on the local host, with a scripted model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

import pytest
import pytest_asyncio
from pydantic import BaseModel

import shoal
from shoal.actors.approvals import Approvals
from shoal.actors.llm import (
    Judgement,
    Judges,
    KnownFacts,
    LLMAgent,
    Summary,
    TypedContext,
    Verdict,
    Votes,
    Whole,
    quoted,
)
from shoal.actors.tools.function_tool import tool
from shoal.errors import ConfigError, HandlerError, ModelUnavailable
from shoal.models.chat import ChatRequest, Role, Usage
from shoal.models.permits import Budget
from shoal.models.scripted import Reply, ScriptedModel, wants
from shoal.models.spec import Model, Retry


class Ticket(BaseModel):
    text: str
    who: str = ""


class Label(BaseModel):
    label: Literal["billing", "login"]
    evidence: list[str] = []


@pytest_asyncio.fixture
async def system(tmp_path: Path) -> AsyncIterator[shoal.System]:
    async with shoal.start("local", run_dir=tmp_path) as running:
        yield running


async def spawned(system: shoal.System, model: Any, *instructions: str, **options: Any) -> shoal.Ref:
    return await system.spawn(LLMAgent(model, *instructions, **options))


def kept(agent: shoal.Ref, system: shoal.System) -> ScriptedModel:
    """The agent's own copy of its scripted model."""
    behavior: Any = system._host.cells[agent.address].behavior
    model = behavior.plan.model
    assert isinstance(model, ScriptedModel)
    return model


def refused(caught: pytest.ExceptionInfo[HandlerError]) -> str:
    return str(caught.value.details["type"]).rpartition(".")[2]


# -- answers ---------------------------------------------------------------------------------------------------


async def test_a_text_goes_in_and_a_text_comes_out(system: shoal.System) -> None:
    agent = await spawned(system, ScriptedModel(["hello yourself"]), "Be polite.")
    assert await agent.ask("hello") == "hello yourself"
    (request,) = kept(agent, system).requests
    assert [(m.role.value, m.text) for m in request.messages] == [("system", "Be polite."), ("user", "hello")]


async def test_a_typed_answer_is_asked_for_by_schema_and_repaired_by_its_own_error(
    system: shoal.System,
) -> None:
    model = ScriptedModel(["I think billing", '{"label": "other"}', Label(label="billing")])
    agent = await spawned(system, model, "Label {{ text }}.", input=Ticket, output=Label)
    assert await agent.ask(Ticket(text="charged twice")) == Label(label="billing")
    first, second, third = kept(agent, system).requests
    assert first.output is not None
    assert first.messages[0].text == "Label charged twice."
    assert "no JSON object" in second.messages[-1].text
    assert "'billing' or 'login'" in third.messages[-1].text


async def test_repairs_are_bounded(system: shoal.System) -> None:
    agent = await spawned(system, ScriptedModel(lambda _: "nonsense"), output=Label, repairs=1)
    with pytest.raises(HandlerError, match="after 2 attempts") as caught:
        await agent.ask("x")
    assert refused(caught) == "OutputInvalid"
    assert kept(agent, system).calls == 2


async def test_a_plain_type_is_an_answer_too(system: shoal.System) -> None:
    agent = await spawned(system, ScriptedModel(['{"answer": true}']), output=bool)
    assert await agent.ask("is it?") is True


async def test_a_model_that_takes_no_schema_is_told_in_words(system: shoal.System) -> None:
    script = ScriptedModel([Label(label="login")])
    script.spec = Model(model="scripted", provider="scripted", structured="prompt")  # type: ignore[attr-defined]
    agent = await spawned(system, script, "Label it.", output=Label)
    await agent.ask("x")
    (request,) = kept(agent, system).requests
    assert request.output is None
    assert "JSON schema" in request.messages[0].text


class _Meeting:
    """Lets calls go on once eight are there."""

    def __init__(self) -> None:
        self.there = 0
        self.all_there = asyncio.Event()

    def __deepcopy__(self, memo: dict[int, Any]) -> _Meeting:
        return self

    async def sleep(self, seconds: float) -> None:
        self.there += 1
        if self.there == 8:
            self.all_there.set()
        await self.all_there.wait()


async def test_messages_are_handled_side_by_side(system: shoal.System) -> None:
    echo = ScriptedModel(lambda r: r.messages[-1].text, latency=1.0, sleep=_Meeting().sleep)
    agent = await spawned(system, echo)
    answers = await asyncio.gather(*(agent.ask(str(n)) for n in range(8)))
    assert answers == [str(n) for n in range(8)]


# -- tools -----------------------------------------------------------------------------------------------------


@tool
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool
async def broken() -> str:
    """Always fails."""
    raise ValueError("no luck")


async def test_tools_are_called_and_their_results_shown(system: shoal.System) -> None:
    model = ScriptedModel([[wants("add", a=1, b=2), wants("add", a=3, b=4)], "3 and 7"])
    agent = await spawned(system, model, tools=[add])
    assert await agent.ask("1+2, 3+4?") == "3 and 7"
    results = [m for m in kept(agent, system).requests[1].messages if m.role is Role.TOOL]
    assert [m.text for m in results] == ["3", "7"]


async def test_what_goes_wrong_with_a_tool_is_told_to_the_model(system: shoal.System) -> None:
    model = ScriptedModel([[wants("add", a="x", b=2), wants("nothing"), wants("broken")], "I could not"])
    agent = await spawned(system, model, tools=[add, broken])
    assert await agent.ask("try") == "I could not"
    texts = [m.text for m in kept(agent, system).requests[1].messages if m.role is Role.TOOL]
    assert "a: " in texts[0]
    assert "there is no tool 'nothing'" in texts[1]
    assert "ValueError: no luck" in texts[2]


async def test_a_tool_that_was_not_granted_is_not_called(system: shoal.System) -> None:
    from shoal.actors.tools.grants import Grant

    model = ScriptedModel([wants("add", a=1, b=2), "no"])
    agent = await system.spawn(LLMAgent(model, tools=[add]).under(Grant.of("search")))
    assert await agent.ask("1+2") == "no"
    assert "not granted" in kept(agent, system).requests[1].messages[-1].text


async def test_steps_are_limited_and_the_last_one_must_answer(system: shoal.System) -> None:
    def script(request: ChatRequest) -> Any:
        return wants("add", a=len(request.messages), b=0) if request.tools else "enough"

    agent = await spawned(system, ScriptedModel(script), tools=[add], max_steps=3)
    assert await agent.ask("go on") == "enough"
    assert kept(agent, system).calls == 3


async def test_going_in_circles_ends_the_dialogue(system: shoal.System) -> None:
    agent = await spawned(system, ScriptedModel(lambda _: wants("add", a=1, b=1)), tools=[add])
    with pytest.raises(HandlerError, match="goes in circles") as caught:
        await agent.ask("loop")
    assert refused(caught) == "Repetition"
    assert kept(agent, system).calls == 3


async def test_going_in_circles_can_be_told_to_a_peer(system: shoal.System) -> None:
    async def boss(question: str) -> str:
        assert "circles" in question
        return "stop adding and say done"

    def script(request: ChatRequest) -> Any:
        return "done" if "say done" in request.messages[-1].text else wants("add", a=1, b=1)

    peer = await system.spawn(boss)
    agent = await spawned(
        system, ScriptedModel(script), tools=[add], need_input=peer, on_repetition="escalate"
    )
    assert await agent.ask("loop") == "done"


# -- people ----------------------------------------------------------------------------------------------------


async def test_a_model_that_needs_input_asks_a_peer_once(system: shoal.System) -> None:
    asked = []

    async def expert(question: str) -> str:
        asked.append(question)
        return "42"

    peer = await system.spawn(expert)
    model = ScriptedModel([wants("need_input", question="which number?"), "it is 42"])
    agent = await spawned(system, model, need_input=peer)
    assert await agent.ask("what is it?") == "it is 42"
    assert asked == ["which number?"]
    assert kept(agent, system).requests[1].messages[-1].text == "42"


async def decide(system: shoal.System, decision: str) -> None:
    approvals = await Approvals.open(system)
    async for request in approvals.pending():
        if decision == "approve":
            await approvals.approve(request.id, by="ann")
        elif decision == "reject":
            await approvals.reject(request.id, by="ann", note="no")
        else:
            await approvals.answer(request.id, decision, by="ann")
        return


async def test_a_model_that_needs_input_asks_a_person(system: shoal.System) -> None:
    model = ScriptedModel([wants("need_input", question="which account?"), "done"])
    agent = await spawned(system, model, need_input="person")
    answered = asyncio.ensure_future(decide(system, "the second"))
    assert await agent.ask("close it") == "done"
    await answered
    assert kept(agent, system).requests[1].messages[-1].text == "the second"


spent: list[int] = []


@tool(consequential=True)
async def pay(amount: int) -> str:
    """Pay."""
    spent.append(amount)
    return "paid"


@pytest.mark.parametrize(("decision", "paid"), [("approve", [5]), ("reject", [])])
async def test_a_consequential_tool_waits_for_a_person(
    system: shoal.System, decision: str, paid: list[int]
) -> None:
    spent.clear()
    agent = await spawned(system, ScriptedModel([wants("pay", amount=5), "over"]), tools=[pay])
    decided = asyncio.ensure_future(decide(system, decision))
    assert await agent.ask("pay 5") == "over"
    await decided
    assert spent == paid


# -- checks of what is said ------------------------------------------------------------------------------------


async def test_an_objection_of_a_validator_is_answered_again(system: shoal.System) -> None:
    model = ScriptedModel(
        [Label(label="billing", evidence=["late"]), Label(label="billing", evidence=["twice"])]
    )
    agent = await spawned(
        system, model, input=Ticket, output=Label, validators=[quoted("evidence", source="text")]
    )
    answer = await agent.ask(Ticket(text="I was charged TWICE"))
    assert answer.evidence == ["twice"]
    assert "'late'" in kept(agent, system).requests[1].messages[-1].text or "late" in (
        kept(agent, system).requests[1].messages[-1].text
    )


async def test_an_answer_that_stays_refused_is_an_error_with_the_objections(system: shoal.System) -> None:
    agent = await spawned(
        system, ScriptedModel(lambda _: "yes"), repairs=1, validators=[lambda answer, asked: "too short"]
    )
    with pytest.raises(HandlerError, match="too short") as caught:
        await agent.ask("x")
    assert refused(caught) == "AnswerRefused"


async def test_judges_must_agree_as_many_as_needed(system: shoal.System) -> None:
    def judge(good: bool) -> Any:
        async def verdict(case: Judgement) -> Verdict:
            return Verdict(good=good or "please" in case.answer, why="not polite")

        return verdict

    judges = [await system.spawn(judge(good)) for good in (True, False, False)]
    agent = await spawned(
        system,
        ScriptedModel(["no", "no, please"]),
        validators=[Judges(judges, "Is it polite?", needed=2)],
    )
    assert await agent.ask("well?") == "no, please"


async def test_a_contradiction_of_a_known_fact_is_objected_to(system: shoal.System) -> None:
    await system.board().put("fact/capital", "Bern")
    agent = await spawned(
        system,
        ScriptedModel(["Zurich", "Bern"]),
        validators=[KnownFacts(lambda answer: {"capital": answer})],
    )
    assert await agent.ask("capital of Switzerland?") == "Bern"
    assert "known to be 'Bern'" in kept(agent, system).requests[1].messages[-1].text


async def test_votes_need_a_quorum(system: shoal.System) -> None:
    agent = await spawned(system, ScriptedModel(["a", "b", "A"]), votes=Votes(of=3, needed=2))
    assert (await agent.ask("?")).lower() == "a"
    undecided = await spawned(system, ScriptedModel(["a", "b", "c"]), votes=Votes(of=3, needed=2))
    with pytest.raises(HandlerError, match="the votes were"):
        await undecided.ask("?")


# -- memory ----------------------------------------------------------------------------------------------------


async def test_a_whole_conversation_is_remembered_by_its_key(system: shoal.System) -> None:
    agent = await spawned(
        system, ScriptedModel(["one", "two", "three"]), input=Ticket, prompt="{{ text }}", memory=Whole(),
        conversation="who",
    )  # fmt: skip
    for who, text in (("ann", "first"), ("bob", "second"), ("ann", "third")):
        await agent.ask(Ticket(text=text, who=who))
    last = kept(agent, system).requests[-1]
    assert [m.text for m in last.messages] == ["first", "one", "third"]


async def test_a_typed_context_is_all_that_the_next_message_sees(system: shoal.System) -> None:
    class Known(BaseModel):
        city: str = ""

    model = ScriptedModel(
        [
            '{"answer": "noted", "context": {"city": "Bern"}}',
            '{"answer": "Bern", "context": {"city": "Bern"}}',
        ]
    )
    agent = await spawned(system, model, memory=TypedContext(model=Known))
    assert await agent.ask("I live in Bern") == "noted"
    assert await agent.ask("where do I live?") == "Bern"
    texts = [m.text for m in kept(agent, system).requests[1].messages]
    assert any('"city": "Bern"' in text for text in texts)
    assert "I live in Bern" not in texts


async def test_what_does_not_fit_the_budget_is_condensed(system: shoal.System) -> None:
    def script(request: ChatRequest) -> str:
        return "SUMMARY" if "Condense" in request.messages[0].text else "word " * 40

    agent = await spawned(system, ScriptedModel(script), memory=Summary(tokens=100))
    for _ in range(4):
        await agent.ask("tell me more " * 5)
    last = kept(agent, system).requests[-1]
    history = [r for r in kept(agent, system).requests if "Condense" not in r.messages[0].text][-1]
    assert any("SUMMARY" in m.text for m in history.messages)
    assert last is not None


async def test_memory_survives_a_restart_of_the_agent(tmp_path: Path) -> None:
    for expected in (["first"], ["first", "x", "second"]):
        async with shoal.start("local", run_dir=tmp_path) as system:
            agent = await system.spawn(LLMAgent(ScriptedModel(lambda _: "x"), memory=Whole()), name="a")
            await agent.ask("first" if len(expected) == 1 else "second")
            assert [m.text for m in kept(agent, system).requests[-1].messages] == expected


# -- failures and limits ---------------------------------------------------------------------------------------


async def test_a_failed_model_falls_back_to_the_next_and_to_a_rule(system: shoal.System) -> None:
    dead = ScriptedModel(lambda _: ModelUnavailable("gone"), name="dear")
    dead.spec = Model(  # type: ignore[attr-defined]
        model="dear", provider="scripted", retry=Retry(attempts=1)
    )
    agent = await spawned(system, dead, fallback=[ScriptedModel(["from the cheap one"], name="cheap")])
    assert await agent.ask("x") == "from the cheap one"
    ruled = await spawned(system, dead, fallback=lambda request: "by rule")
    assert await ruled.ask("x") == "by rule"


async def test_a_budget_is_never_exceeded_and_says_which_it_was(tmp_path: Path) -> None:
    async with shoal.start("local", run_dir=tmp_path, budget={"calls": 3}) as system:
        agent = await system.spawn(LLMAgent(ScriptedModel(lambda _: "ok")))
        outcomes = await asyncio.gather(*(agent.ask(str(n)) for n in range(8)), return_exceptions=True)
        assert outcomes.count("ok") == 3
        errors = [o for o in outcomes if isinstance(o, HandlerError)]
        assert len(errors) == 5
        assert all("BudgetExceeded" in e.details["type"] and "run" in e.text for e in errors)
        assert kept(agent, system).calls == 3


async def test_a_task_and_an_agent_have_budgets_of_their_own(system: shoal.System) -> None:
    agent = await spawned(
        system, ScriptedModel(lambda _: "ok"), per_task=Budget(calls=1), budget=Budget(calls=2)
    )
    assert await agent.ask("a", task="t1") == "ok"
    with pytest.raises(HandlerError, match="task/t1"):
        await agent.ask("b", task="t1")
    assert await agent.ask("c", task="t2") == "ok"
    with pytest.raises(HandlerError, match="agent/"):
        await agent.ask("d", task="t3")


async def test_the_same_message_again_is_not_paid_again(system: shoal.System) -> None:
    model = ScriptedModel(lambda _: Reply("ok", usage=Usage(input_tokens=3, output_tokens=2)))
    agent = await spawned(system, model)
    host = system._host
    from shoal.runtime.envelope import LANE_NORMAL, ROOT_SCOPE

    for _ in range(2):
        answer = await host.ask_as(
            host.name, b"m" * 12, agent.address, "x", ROOT_SCOPE, (), None, 30.0, LANE_NORMAL
        )
        assert answer == "ok"
    assert kept(agent, system).calls == 1


async def test_identical_requests_are_answered_from_the_cache_where_wanted(system: shoal.System) -> None:
    agent = await spawned(system, ScriptedModel(["once"]), cache=True)
    assert [await agent.ask("same"), await agent.ask("same")] == ["once", "once"]
    assert kept(agent, system).calls == 1


# -- what cannot work is said before anything is started --------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_steps": 0}, "max_steps is 0"),
        ({"on_repetition": "shrug"}, "must be 'stop' or 'escalate'"),
        ({"on_repetition": "escalate"}, "need_input"),
        ({"instructions": "{{ nothing }}"}, "nothing"),
        ({"conversation": "who"}, "no field of str"),
        ({"memory": Whole(), "concurrency": 4}, "one message at a time"),
        ({"input": set}, "no message type"),
        ({"tools": ["search"]}, "no tool"),
        ({"validators": [lambda: None]}, "must take"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        LLMAgent(ScriptedModel(["x"]), **options)


async def test_a_model_nobody_registered_is_named_with_those_there_are(tmp_path: Path) -> None:
    models = {"fast": {"model": "m", "base_url": "http://127.0.0.1:1/v1"}}
    async with shoal.start("local", run_dir=tmp_path, models=models) as system:
        agent = await system.spawn(LLMAgent("slow"))
        with pytest.raises(HandlerError, match="no model 'slow'; this system knows: fast"):
            await agent.ask("x")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"models": {"a": {"modle": "x"}}}, r"models\['a'\].*modle"),
        ({"models": {"a": 7}}, r"models\['a'\] is no model"),
        ({"budget": {"dollars": 1}}, "budget: dollars"),
        ({"limits": {"rate": 1}}, "limits: rate"),
        ({"budget": {"usd": 1}, "limits": {"run": {"usd": 2}}}, "given twice"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_once(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        shoal.start("local", **settings)
