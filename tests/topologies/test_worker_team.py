"""A team of workers as a whole: many tasks at once, several orchestrators, and what an orchestrator keeps."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import BaseModel

import shoal
from shoal.runtime.errors import HandlerError
from shoal.topologies.wiring.front import Front
from shoal.topologies.work.bandit import Bandit
from shoal.topologies.work.classify import Classify
from shoal.topologies.work.orchestrator import Orchestrator
from shoal.topologies.work.subtasks import Subtask
from shoal.topologies.worker import Worker as WorkerTopology
from shoal.topologies.worker import worker
from tests.topologies.crew import Bundle, Gate, Held, Reply, Ticket, Worker


def cut(bundle: Bundle) -> list[Ticket]:
    return [Ticket(text=text) for text in bundle.texts]


def join(bundle: Bundle, replies: Sequence[Any]) -> Reply:
    return Reply(text="+".join(reply.text for reply in replies), by="merge")


class Patient(Held):
    concurrency = 2000
    mailbox = 4000


async def test_a_thousand_tasks_are_in_flight_and_one_that_is_held_holds_up_none(
    system: shoal.System,
) -> None:
    gate = Gate()
    team = await system.build(worker([Patient(gate), Patient(gate)], split=cut, merge=join))
    held = asyncio.ensure_future(team.ask(Bundle(texts=["slow", "fast"])))
    await gate.until_running(1)
    answers = await asyncio.gather(*(team.ask(Bundle(texts=["fast", "fast"])) for _ in range(1000)))
    assert {answer.text for answer in answers} == {"fast+fast"}
    assert not held.done()
    gate.open.set()
    assert (await held).text == "slow+fast"


async def test_a_thousand_held_tasks_are_all_given_to_workers_at_once(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(worker([Patient(gate), Patient(gate)]))
    asked = [asyncio.ensure_future(team.ask(Ticket(text=str(n)))) for n in range(1000)]
    await gate.until_running(1000)
    gate.open.set()
    assert [ticket.text for ticket in await asyncio.gather(*asked)] == [str(n) for n in range(1000)]


async def test_who_gives_up_cancels_the_subtasks(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(worker([Held(gate)], split=cut, merge=join))
    asked = asyncio.ensure_future(team.ask(Bundle(texts=["a", "b"])))
    await gate.until_running(2)
    asked.cancel()
    await gate.until_cancelled()


class Blob(BaseModel):
    text: str


class Echo(shoal.Agent):
    concurrency = 8

    async def on_blob(self, blob: Blob, ctx: shoal.Context) -> Blob:
        return blob


def halves(blob: Blob) -> list[Subtask]:
    middle = len(blob.text) // 2
    return [
        Subtask(id="left", message=Blob(text=blob.text[:middle])),
        Subtask(id="right", message=Blob(text=blob.text[middle:]), needs=("left",)),
    ]


def whole(blob: Blob, parts: Sequence[Blob]) -> Blob:
    return Blob(text="".join(part.text for part in parts))


async def test_an_orchestrator_keeps_nothing_of_a_task_that_is_done(system: shoal.System) -> None:
    """Neither messages nor answers, nor an entry for each."""
    team = await system.build(
        worker(
            [Echo(), Echo()], router=Bandit(), split=halves, merge=whole, classify=Classify(lambda blob: "1")
        )
    )

    async def ask(text: str) -> int:
        return len((await team.ask(Blob(text=text))).text)

    await asyncio.gather(*(ask("warm up") for _ in range(50)))
    front = next(one for one in gc.get_objects() if type(one) is Orchestrator and one.team == team.address)
    before = size_of(front)
    await asyncio.gather(*(ask(f"task {number}") for number in range(500)))
    assert size_of(front) <= before + 16
    gc.collect()
    assert sum(type(one) is Blob for one in gc.get_objects()) < 20


def size_of(front: Orchestrator) -> int:
    """How many objects hang from it, the classes and modules aside."""
    seen: set[int] = set()
    queue: list[Any] = [vars(front)]
    while queue:
        one = queue.pop()
        if id(one) in seen or isinstance(one, type) or callable(one):
            continue
        seen.add(id(one))
        queue.extend(gc.get_referents(one))
    return len(seen)


async def test_several_orchestrators_lead_side_by_side_behind_one_address(system: shoal.System) -> None:
    team = await system.build(worker([Worker("w")], orchestrators=3), name="t")
    assert team.agents == ["t", "t/lead-1", "t/lead-2", "t/lead-3", "t/1"]
    answers = await asyncio.gather(*(team.ask(Ticket(text=str(n))) for n in range(30)))
    assert [answer.text for answer in answers] == [str(n) for n in range(30)]
    assert (await system.ref("t").ask(Ticket(text="by the address"))).text == "by the address"


async def test_when_one_of_several_orchestrators_is_stuck_the_others_go_on(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(worker([Patient(gate)], orchestrators=2), name="t")
    stuck = asyncio.ensure_future(system.ref("t/lead-1").ask(Ticket(text="slow")))
    await gate.until_running(1)
    assert {(await team.ask(Ticket(text="fast"))).text for _ in range(10)} == {"fast"}
    gate.open.set()
    await stuck


class LedAgain(WorkerTopology):
    """Its orchestrator leads each task a second time, as the one does that is started after a death."""

    def front(self, refs: dict[str, shoal.Ref]) -> Front:
        front = super().front(refs)
        front.on_error, front.retries = "retry", 1
        return front


@pytest.mark.parametrize(("recorded", "given"), [(True, ["a", "b"]), (False, ["a", "b", "c", "d"])])
async def test_a_recorded_choice_stands_when_the_task_is_led_again(
    system: shoal.System, recorded: bool, given: list[str]
) -> None:
    choices: list[str] = []
    answers: list[list[str]] = []

    def router(message: Ticket, workers: Sequence[Any]) -> str:
        choices.append("abcd"[len(choices)])
        return choices[-1]

    def fails_once(bundle: Bundle, replies: Sequence[Reply]) -> Reply:
        answers.append([reply.by for reply in replies])
        if len(answers) == 1:
            raise OSError("the process died, as it were")
        return Reply(text="", by="merge")

    spec = worker(
        {name: Worker(name) for name in "abcd"},
        split=cut,
        merge=fails_once,
        router=router,
        record_choices=recorded,
    )
    spec.__class__ = LedAgain
    team = await system.build(spec)
    await team.ask(Bundle(texts=["x", "y"]))
    assert answers[-1] == given[-2:]
    assert choices == given


async def test_a_worker_that_is_gone_is_replaced_also_where_choices_are_recorded(
    system: shoal.System,
) -> None:
    team = await system.build(worker({"a": Worker("a"), "b": Worker("b")}, record_choices=True))
    await system.stop(team.members["a"])
    assert {(await team.ask(Ticket(text=""))).by for _ in range(4)} == {"b"}


class Narrow(Held):
    concurrency = 1
    mailbox = 1
    overflow = shoal.Overflow.REJECT


async def test_a_full_worker_is_passed_over(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(
        worker(
            {"narrow": Narrow(gate), "wide": Worker("wide")}, router=lambda message, workers: workers[0].name
        )
    )
    asked = [asyncio.ensure_future(team.ask(Ticket(text="slow"))) for _ in range(3)]
    done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    assert {one.result().by for one in done} == {"wide"}
    gate.open.set()
    await asyncio.gather(*asked)


async def test_teams_of_workers_nest_and_an_inner_failure_names_who_failed(system: shoal.System) -> None:
    inner = worker({"deep": Broken()})
    team = await system.build(worker({"mid": worker({"inner": inner}), "w": Other()}), name="t")
    with pytest.raises(
        HandlerError, match=r"t/mid/inner/deep raised ValueError .*via t/mid/inner <- t/mid <- t"
    ):
        await team.ask(Ticket(text="x"))
    assert await team.ask("still here") == "still here"


class Broken(shoal.Agent):
    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Reply:
        raise ValueError("broken")


class Other(shoal.Agent):
    async def on_text(self, text: str, ctx: shoal.Context) -> str:
        return text
