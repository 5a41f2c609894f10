"""Tasks that are divided: in an order that is kept, within limits, and with what failed said."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import BaseModel

import shoal
from shoal.runtime.errors import ConfigError, HandlerError
from shoal.topologies.answers.concatenation import concatenate
from shoal.topologies.answers.fan_out_result import FanOutResult
from shoal.topologies.answers.merging import merge_by_schema
from shoal.topologies.answers.synthesis import Synthesis, synthesize
from shoal.topologies.work.subtasks import Subtask, Subtasks
from shoal.topologies.worker import worker
from tests.topologies.crew import Bundle, Draft, Failing, Gate, Held, Invoice, Reply, Ticket, Worker, Writer


class Report(BaseModel):
    title: str
    results: dict[str, Draft] = {}


class Reporter(shoal.Agent):
    async def on_report(self, report: Report, ctx: shoal.Context) -> Draft:
        return Draft(text=f"{report.title}({', '.join(one.text for one in report.results.values())})")


class Dealer(shoal.Agent):
    """Divides a bundle: ``id<needs`` each, the last gets a report's form."""

    async def on_bundle(self, bundle: Bundle, ctx: shoal.Context) -> Subtasks:
        made = []
        for text in bundle.texts:
            name, _, needs = text.partition("<")
            needed = tuple(needs.split("+")) if needs else ()
            content: BaseModel = Report(title=name) if needed else Ticket(text=name)
            made.append(Subtask(id=name, message=content, needs=needed))
        return Subtasks(subtasks=tuple(made))


def cut(bundle: Bundle) -> list[Subtask]:
    """``id<needs!priority`` each."""
    made = []
    for text in bundle.texts:
        rest, _, priority = text.partition("!")
        name, _, needs = rest.partition("<")
        needed = tuple(needs.split("+")) if needs else ()
        made.append(Subtask(id=name, message=Ticket(text=name), needs=needed, priority=int(priority or 0)))
    return made


def join(bundle: Bundle, replies: Sequence[Any]) -> Reply:
    return Reply(text="+".join(reply.text for reply in replies), by="merge")


class Noting(shoal.Agent):
    """Notes in which order it is given what."""

    concurrency = 8

    def __init__(self, seen: list[str], failing: str = "") -> None:
        self.seen, self.failing = seen, failing

    def __deepcopy__(self, memo: dict[int, Any]) -> Noting:
        return self

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Ticket:
        self.seen.append(f"+{ticket.text}")
        await asyncio.sleep(0)
        if ticket.text == self.failing:
            raise ValueError(f"cannot do {ticket.text}")
        self.seen.append(f"-{ticket.text}")
        return ticket


async def test_a_subtask_begins_when_those_it_needs_are_done(system: shoal.System) -> None:
    seen: list[str] = []
    team = await system.build(worker([Noting(seen), Noting(seen)], split=cut, merge=join))
    assert (await team.ask(Bundle(texts=["d<b+c", "b<a", "c<a", "a"]))).text == "d+b+c+a"
    at = {what: place for place, what in enumerate(seen)}
    assert at["-a"] < min(at["+b"], at["+c"])
    assert max(at["-b"], at["-c"]) < at["+d"]


async def test_without_needs_they_run_side_by_side(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(worker([Held(gate)], split=cut, merge=join))
    asked = asyncio.ensure_future(team.ask(Bundle(texts=["a", "b", "c"])))
    await gate.until_running(3)
    gate.open.set()
    await asked


async def test_the_highest_priority_goes_first_where_not_all_can_run_at_once(system: shoal.System) -> None:
    seen: list[str] = []
    team = await system.build(worker([Noting(seen)], split=cut, merge=join, parallel=1))
    await team.ask(Bundle(texts=["a", "b!5", "c!-1", "d!5"]))
    assert [what for what in seen if what.startswith("+")] == ["+b", "+d", "+a", "+c"]


async def test_a_worker_gets_the_results_of_what_its_subtask_needs(system: shoal.System) -> None:
    team = await system.build(
        worker(
            {"writer": Writer(), "reporter": Reporter()},
            split=Dealer(),
            merge=lambda bundle, drafts: drafts[-1].text,
        )
    )
    assert await team.ask(Bundle(texts=["a", "b", "both<a+b", "all<both+a"])) == "all(both(a, b), a)"


async def test_a_subtask_goes_to_who_has_its_capability(system: shoal.System) -> None:
    def split(bundle: Bundle) -> list[Subtask]:
        numbered = enumerate(bundle.texts)
        return [Subtask(id=f"{n}", message=Ticket(text=text), capability=text) for n, text in numbered]

    workers = {"a": Worker("a"), "b": Worker("b")}
    team = await system.build(
        worker(workers, split=split, merge=lambda _, replies: [reply.by for reply in replies])
    )
    assert await team.ask(Bundle(texts=["b", "a", "b"])) == ["b", "a", "b"]


async def test_a_model_divides_by_what_its_answers_are_declared_to_be(system: shoal.System) -> None:
    plan = Plan(
        subtasks=(
            Step(id="a", message=Ticket(text="x")),
            Step(id="b", message=Ticket(text="y"), needs=("a",)),
        )
    )
    planner = shoal.LLMAgent(shoal.ScriptedModel([plan]), "Divide it.", input=Bundle, output=Plan)
    team = await system.build(worker([Writer()], split=planner, merge=join))
    assert team.signature.takes(Bundle)
    assert (await team.ask(Bundle(texts=[]))).text == "x+y"


class Step(Subtask):
    message: Ticket


class Plan(Subtasks):
    subtasks: tuple[Step, ...]


async def test_a_subtask_that_nobody_can_do_is_refused_before_one_is_begun(system: shoal.System) -> None:
    seen: list[str] = []

    def split(bundle: Bundle) -> list[Any]:
        wanted = Ticket(text="x") if bundle.texts[0] == "capability" else Invoice(amount=1)
        capability = "cooking" if bundle.texts[0] == "capability" else ""
        return [Ticket(text="first"), Subtask(id="b", message=wanted, capability=capability)]

    team = await system.build(worker([Noting(seen)], split=split, merge=join))
    with pytest.raises(HandlerError, match="no worker that accepts Ticket is called 'cooking' or can do it"):
        await team.ask(Bundle(texts=["capability"]))
    with pytest.raises(HandlerError, match="no worker accepts Invoice"):
        await team.ask(Bundle(texts=["type"]))
    assert seen == []


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (
            ["a<b", "b<a"],
            "split made subtasks that cannot be done: they need one another in a circle: a needs b needs a",
        ),
        (["a<z"], "'a' needs 'z', which is none of them"),
        (["a", "a"], "two subtasks with the id 'a'"),
        (["a", "b", "c", "d", "e"], r"split made 5 subtasks of one task; at most 4 \(max_subtasks\)"),
    ],
)
async def test_subtasks_that_cannot_be_done_are_refused_before_one_is_begun(
    system: shoal.System, texts: list[str], why: str
) -> None:
    seen: list[str] = []
    team = await system.build(worker([Noting(seen)], split=cut, merge=join, max_subtasks=4))
    with pytest.raises(HandlerError, match=why) as caught:
        await team.ask(Bundle(texts=["ok", *texts] if "max" not in why else texts))
    assert type(caught.value.cause).__name__ == "BadSubtasks"
    assert seen == []


async def test_a_larger_limit_lets_more_through(system: shoal.System) -> None:
    team = await system.build(worker([Noting([])], split=cut, merge=join, max_subtasks=5))
    assert (await team.ask(Bundle(texts=list("abcde")))).text == "a+b+c+d+e"


async def test_a_failed_subtask_fails_the_task_by_default_and_what_needs_it_is_not_begun(
    system: shoal.System,
) -> None:
    seen: list[str] = []
    team = await system.build(worker([Noting(seen, failing="a")], split=cut, merge=join))
    with pytest.raises(HandlerError, match="cannot do a"):
        await team.ask(Bundle(texts=["a", "b<a"]))
    assert "+b" not in seen


async def test_where_it_may_fail_the_rest_is_done_and_the_answer_says_what_is_missing(
    system: shoal.System,
) -> None:
    seen: list[str] = []
    team = await system.build(
        worker([Noting(seen, failing="b")], split=cut, merge=join, partial=True), name="t"
    )
    result = await team.ask(Bundle(texts=["a", "b", "c<b", "d<c+a", "e"]))
    assert isinstance(result, FanOutResult)
    assert result.partial
    assert result.answer["text"] == "a+e"
    assert list(result.missing) == ["b", "c", "d"]
    assert "cannot do b" in result.missing["b"]
    assert result.missing["d"] == "skipped: it needs 'b', which failed"
    assert {"+c", "+d"} & set(seen) == set()
    whole = await team.ask(Bundle(texts=["a", "e"]))
    assert (whole.partial, whole.missing, list(whole.answers)) == (False, {}, ["a", "e"])


class Filed(FanOutResult):
    answer: Reply | None = None


async def test_the_labelled_answer_may_have_a_type(system: shoal.System) -> None:
    team = await system.build(worker([Noting([])], split=cut, merge=join, partial=Filed))
    assert team.signature.answers_to((Bundle,)) == (Filed,)
    assert (await team.ask(Bundle(texts=["a"]))).answer == Reply(text="a", by="merge")


async def test_when_every_subtask_fails_there_is_nothing_partial(system: shoal.System) -> None:
    team = await system.build(worker([Failing()], split=cut, merge=join, partial=True))
    with pytest.raises(HandlerError, match=r"all 2 subtasks failed: a: .*cannot do a") as caught:
        await team.ask(Bundle(texts=["a", "b"]))
    assert type(caught.value.cause).__name__ == "QuorumMissed"


async def test_a_partial_answer_comes_before_the_deadline_with_what_was_too_late(
    system: shoal.System,
) -> None:
    gate = Gate()
    team = await system.build(worker([Held(gate)], split=cut, merge=join, partial=True))
    result = await team.ask(Bundle(texts=["fast", "slow", "after<slow"]), timeout_s=1.0)
    assert result.answer["text"] == "fast"
    assert sorted(result.missing) == ["after", "slow"]
    assert all("not done within" in why for why in result.missing.values())
    await gate.until_cancelled()


async def test_the_deadline_of_who_asks_reaches_each_subtask(system: shoal.System) -> None:
    gate = Gate()
    gate.open.set()
    team = await system.build(worker([Held(gate)], split=cut, merge=join))
    await team.ask(Bundle(texts=["a", "b<a"]), timeout_s=20)
    first, second = gate.deadlines
    assert first is not None
    assert second is not None
    assert abs(first - second) < 1.0


# -- aggregates --------------------------------------------------------------------------------------------


class Facts(BaseModel):
    price: int | None = None
    name: str | None = None


async def fact(ticket: Ticket) -> Facts:
    """``field=value``."""
    field, _, value = ticket.text.partition("=")
    return Facts(price=int(value)) if field == "price" else Facts(name=value)


async def test_answers_are_merged_by_a_schema_and_contradictions_are_an_error_that_names_who_says_what(
    system: shoal.System,
) -> None:
    team = await system.build(worker([fact], split=facts_of, merge=merge_by_schema(Facts)))
    assert team.signature.answers_to((Bundle,)) == (Facts,)
    assert await team.ask(Bundle(texts=["price=3", "name=tea"])) == Facts(price=3, name="tea")
    with pytest.raises(HandlerError, match=r"price: 1: 3, 2: 4") as caught:
        await team.ask(Bundle(texts=["price=3", "price=4"]))
    assert type(caught.value.cause).__name__ == "Undecided"


def facts_of(bundle: Bundle) -> list[Ticket]:
    return [Ticket(text=text) for text in bundle.texts]


async def test_with_a_preference_for_a_subtask_the_contradiction_is_resolved_and_reported(
    system: shoal.System,
) -> None:
    team = await system.build(
        worker([fact], split=facts_of, merge=merge_by_schema(Facts, prefer=["2"]), partial=True)
    )
    result = await team.ask(Bundle(texts=["price=3", "price=4"]))
    assert result.answer == {"price": 4, "name": None}
    assert result.conflicts[0].values == {"1": 3, "2": 4}
    assert result.dissent == ("1",)


async def shout(ticket: Ticket) -> str:
    return ticket.text.upper()


async def test_texts_are_concatenated_in_the_order_of_the_subtasks(system: shoal.System) -> None:
    team = await system.build(worker([shout], split=cut, merge=concatenate(" ", named=True)))
    assert await team.ask(Bundle(texts=["b<a", "a"])) == "b: B a: A"


async def write(synthesis: Synthesis) -> str:
    return f"{len(synthesis.answers)} said, {len(synthesis.conflicts)} conflict, without {', '.join(synthesis.missing)}"


async def test_an_agent_writes_the_answer_and_is_told_who_is_missing(system: shoal.System) -> None:
    team = await system.build(
        worker(
            {"w": Noting([], failing="b")}, split=cut, merge=synthesize(write, fields=["text"]), partial=True
        )
    )
    assert set(team.members) == {"w", "writer"}
    assert (await team.ask(Bundle(texts=["a", "b", "c"]))).answer == "2 said, 1 conflict, without b"


async def test_an_answer_that_an_aggregate_cannot_use_is_a_failed_subtask(system: shoal.System) -> None:
    async def odd(ticket: Ticket) -> Any:
        return None if ticket.text == "b" else ticket.text

    team = await system.build(worker([odd], split=cut, merge=concatenate("+")))
    with pytest.raises(HandlerError, match=r"the answer to subtask 'b' cannot be used: it answered nothing"):
        await team.ask(Bundle(texts=["a", "b"]))


# -- wiring ------------------------------------------------------------------------------------------------


async def no_plan(bundle: Bundle) -> Draft:
    return Draft(text="")


def tickets(bundle: Bundle) -> list[Ticket]:
    return []


async def takes_invoices(invoice: Invoice) -> str:
    return ""


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (
            lambda: worker([Writer()], split=no_plan, merge=join),
            "the decomposer answers Draft; give shoal.Subtasks",
        ),
        (
            lambda: worker([Writer()], split=Dealer(), merge=join, accepts=Bundle),
            "accepts is for a split that is",
        ),
        (lambda: worker([Writer()], split=cut, merge=join, max_subtasks=0), "max_subtasks is 0"),
        (lambda: worker([Writer()], partial=True), "partial is given without split"),
        (
            lambda: worker([Writer()], split=cut, partial=Draft),  # type: ignore[arg-type]
            "partial is .*Draft.*; give True, or a subclass",
        ),
        (
            lambda: worker({"decomposer": Writer()}, split=Dealer(), merge=join),
            "a worker is called 'decomposer'",
        ),
        (
            lambda: worker({"w": Writer(), "i": takes_invoices}, split=tickets, merge=join),
            "nothing can reach 'i': split makes Ticket, and it accepts Invoice",
        ),
        (
            lambda: worker(
                [takes_invoices], split=shoal.LLMAgent(shoal.ScriptedModel([]), input=Bundle, output=Plan)
            ),
            "the decomposer makes Ticket, which no worker accepts",
        ),
        (
            lambda: worker([Writer()], split=cut, merge=concatenate()),
            "worker: merge: concatenate: member '1' answers Draft",
        ),
        (
            lambda: worker([Writer()], split=cut, merge=synthesize(takes_invoices)),
            "worker: merge: synthesize: the agent accepts Invoice, neither Synthesis",
        ),
    ],
)
async def test_a_wiring_that_cannot_work_is_refused_before_anything_is_started(
    system: shoal.System, make: Any, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        await system.build(make())
    assert [host["agents"] for host in await system.health()] == [0]
