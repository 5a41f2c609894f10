"""Knowledge sources, their controller, and waiting for the end of work, on every host."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

import shoal
from shoal.actors.knowledge import KnowledgeTeam, knowledge_sources
from shoal.actors.knowledge.plan import ControllerBroke
from shoal.blackboard.activation import Activation
from shoal.blackboard.errors import InvalidOperation
from shoal.blackboard.termination import CountReached, Ended, ItemsDone, Quiescence, TimeLimit
from shoal.errors import AgentStopped, ConfigError
from tests.contract.agents import Arrived, Notes, Open
from tests.contract.knowledge_agents import (
    OTHER,
    REGION,
    Critic,
    Echoer,
    Errand,
    Historian,
    Hypothesis,
    Judge,
    Messenger,
    Modest,
    Stumbler,
    Verdict,
    Watcher,
    Worker,
    doubler,
)
from tests.contract.waiting import PATIENCE_S, eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.ray]
Build = Callable[..., Any]
PREFIXES = ("hypothesis/", "verdict/", "number/", "double/", "bad/", "echo/", "job/", "control/")
SOON = TimeLimit(PATIENCE_S)
ON_RAY = (
    "test_sources_work_on_what_is_on_the_board_and_on_what_comes_until_nothing_is_left_to_do",
    "test_a_function_can_be_a_source",
    "test_a_controller_that_fails_is_started_again_and_goes_on",
)


@pytest_asyncio.fixture(loop_scope="session")
async def board(system: shoal.System) -> AsyncIterator[shoal.Board]:
    """A region that the tests share, empty at the end of each."""
    region = await system.board(REGION).open()
    yield region
    for prefix in PREFIXES:
        await region.delete_prefix(prefix)


@pytest_asyncio.fixture(loop_scope="session")
async def build(
    system: shoal.System, board: shoal.Board, crowd: str, request: pytest.FixtureRequest
) -> AsyncIterator[Build]:
    """Builds teams, and stops them. Their sources share a host where a child need not have a process of its own."""
    teams: list[KnowledgeTeam] = []
    host: str | None = crowd
    if request.node.callspec.params["system"] == "ray":
        host = None
        if request.node.originalname not in ON_RAY:
            pytest.skip(
                "a process for each source; the local host shows it, and others show that processes do"
            )

    async def build(*sources: Any, **options: Any) -> KnowledgeTeam:
        shared = [
            source
            if isinstance(source, shoal.ChildSpec)
            else shoal.ChildSpec(
                id=getattr(source, "__name__", type(source).__name__).lower(), agent=source, host=host
            )
            for source in sources
        ]
        team = await system.build(knowledge_sources(shared, **{"region": REGION, **options}))
        teams.append(team)
        return team

    yield build
    for team in teams:
        await system.stop(team)


async def values(board: shoal.Board, prefix: str) -> dict[str, Any]:
    return {entry.key: entry.value for entry in await board.range(prefix)}


async def activations(board: shoal.Board, team: KnowledgeTeam, what: str) -> list[Activation]:
    return [entry.value for entry in await board.range(f"control/{team.address}/{what}/", Activation)]


# -- teams -------------------------------------------------------------------------------------------------


async def test_sources_work_on_what_is_on_the_board_and_on_what_comes_until_nothing_is_left_to_do(
    board: shoal.Board, build: Build
) -> None:
    await board.put("hypothesis/1", Hypothesis(text="one", score=0.5))
    team = await build(Critic, Judge(), until=(Quiescence() & CountReached("verdict/", 3)) | SOON)
    await board.put("hypothesis/2", Hypothesis(text="two", score=0.9))
    await board.put("hypothesis/3", {"text": "three", "score": 0.0})
    ended = await team.ended()
    assert ended.condition == "Quiescence() & CountReached('verdict/', 3)"
    assert await values(board, "verdict/") == {
        "verdict/1": Verdict(text="one is good after 2"),
        "verdict/2": Verdict(text="two is good after 0"),
        "verdict/3": Verdict(text="three is good after 4"),
    }
    figures = (await team.agenda()).sources
    assert (figures["critic"].done, figures["judge"].done) == (6, 3)
    assert await activations(board, team, "agenda") == []


async def test_the_best_goes_first_and_one_at_a_time(
    board: shoal.Board, build: Build, stage: shoal.Ref
) -> None:
    team = await build(Watcher(stage, "open"), until=CountReached("number/done", 1) | SOON)
    await board.put("number/a", 1)
    await stage.ask(Arrived(gate="open"))
    for key, number in (("number/b", 2), ("number/c", 9), ("number/d", 5), ("number/b", 7)):
        await board.put(key, number)

    async def waiting() -> bool:
        return len((await team.agenda()).waiting) == 3

    await eventually(waiting)
    assert len((await team.agenda()).running) == 1
    await stage.tell(Open(gate="open"))
    notes = await stage.ask(Notes(count=8), timeout_s=PATIENCE_S)
    assert [note for note in notes if note.startswith("look put")] == [
        "look put number/a 1", "look put number/c 9", "look put number/b 7", "look put number/d 5",
    ]  # fmt: skip
    figures = (await team.agenda()).sources["watcher"]
    assert (figures.begun, figures.superseded, figures.failed) == (4, 1, 0)


async def test_each_change_counts_where_that_is_wanted_and_regions_can_be_several(
    system: shoal.System, board: shoal.Board, build: Build, stage: shoal.Ref
) -> None:
    other = system.board(OTHER)
    await build(Historian(stage), until=SOON)
    await board.put("number/a", 1)
    await board.put("number/a", 2)
    await board.delete("number/a")
    await other.put("number/x", 3)
    notes = await stage.ask(Notes(count=8), timeout_s=PATIENCE_S)
    here = [note for note in notes if "number/a" in note and not note.startswith("write is done")]
    assert here == ["write put number/a 1", "write put number/a 2", "write delete number/a None"]
    assert "write put number/x 3" in notes
    await other.delete_prefix("number/")


@pytest.mark.slow_on_ray
async def test_a_function_can_be_a_source(board: shoal.Board, build: Build) -> None:
    await build(doubler, until=SOON)
    await board.put("number/a", 21)
    await board.until(CountReached("double/", 1) | SOON)
    assert await values(board, "double/") == {"double/number/a": 42}


async def test_a_source_that_fails_is_tried_again_and_its_last_failure_is_noted_on_the_board(
    board: shoal.Board, build: Build, stage: shoal.Ref
) -> None:
    for key, failures in (("bad/a", 2), ("bad/b", 3)):
        await board.put(key, failures)
    team = await build(Stumbler(stage), until=Quiescence() | SOON)
    ended = await team.ended()
    assert ended.condition == "Quiescence()"
    assert await stage.ask(Notes(count=2)) == ["stumble put bad/a 2", "stumble is done with bad/a"]
    (dropped,) = await activations(board, team, "dropped")
    assert (dropped.key, dropped.failures) == ("bad/b", 3)
    assert [error.partition("stumbled ")[2][:1] for error in dropped.errors] == ["1", "2", "3"]
    figures = (await team.agenda()).sources["stumbler"]
    assert (figures.begun, figures.done, figures.failed, figures.dropped) == (6, 1, 5, 1)


async def test_a_source_that_wakes_itself_without_end_is_ended(board: shoal.Board, build: Build) -> None:
    await board.put("echo/a", 0)
    team = await build(Echoer, until=Quiescence() | SOON, max_activations=7)
    ended = await team.ended()
    assert ended.condition == "max_activations=7"
    assert await values(board, "echo/") == {"echo/a": 7}


async def test_a_sources_own_writes_wake_it_only_if_they_may(board: shoal.Board, build: Build) -> None:
    await board.put("echo/a", 0)
    team = await build(Modest, until=Quiescence() | SOON)
    assert (await team.ended()).condition == "Quiescence()"
    assert await values(board, "echo/") == {"echo/a": 1}


async def test_the_end_cuts_off_what_is_being_carried_out(
    board: shoal.Board, build: Build, stage: shoal.Ref
) -> None:
    team = await build(Watcher(stage, "never"), until=CountReached("verdict/", 1) | SOON)
    await board.put("number/a", 1)
    await board.put("number/b", 2)
    await stage.ask(Arrived(gate="never"))
    await board.put("verdict/x", Verdict(text="decided"))
    ended = await team.ended()
    assert ended.condition == "CountReached('verdict/', 1)"
    assert "look was cut off" in await stage.ask(Notes(count=2))
    assert await activations(board, team, "agenda") == []
    entry = await board.get(f"control/{team.address}/ended", Ended)
    assert entry is not None
    assert entry.value == ended
    assert (await team.agenda()).ended == ended


async def test_what_a_source_writes_belongs_to_the_task_of_what_woke_it_and_names_its_activation(
    system: shoal.System, board: shoal.Board, build: Build, crowd: str, fresh: Callable[[str], str]
) -> None:
    messenger = await system.spawn(Messenger(), name=fresh("messenger"), host=crowd)
    await messenger.ask(Errand(key="number/a"), task="task-7")
    team = await build(doubler, until=Quiescence() | SOON)
    await team.ended()
    woken, written = await board.get("number/a"), await board.get("double/number/a")
    assert woken is not None
    assert written is not None
    assert (written.task, written.author) == ("task-7", f"{team.address}/doubler@{crowd}")
    assert len({woken.message_id, written.message_id, b""}) == 3


async def test_an_end_that_need_not_come_is_waited_for_only_with_a_limit(
    board: shoal.Board, build: Build
) -> None:
    team = await build(doubler)
    with pytest.raises(InvalidOperation, match="need never end"):
        await team.ended()
    with pytest.raises(TimeoutError, match=r"has not ended after 0\.1 s: 0 activations wait"):
        await team.ended(timeout_s=0.1)


async def test_who_waits_for_the_end_of_a_team_that_is_stopped_hears_of_it(
    system: shoal.System, board: shoal.Board, build: Build
) -> None:
    team = await build(doubler)
    waiting = asyncio.create_task(team.ended(timeout_s=PATIENCE_S))
    await team.agenda()
    await system.stop(team)
    with pytest.raises(AgentStopped):
        await waiting


async def test_a_team_is_checked_before_anything_is_started(system: shoal.System) -> None:
    with pytest.raises(ConfigError, match="nothing wakes Worker"):
        await system.build(knowledge_sources([Worker], region="never-opened"))
    with pytest.raises(ConfigError, match="cannot name"):
        await system.build(knowledge_sources([Critic]), name="no spaces")


@pytest.mark.slow_on_ray
async def test_a_team_can_be_a_part_of_something_larger(
    system: shoal.System, board: shoal.Board, fresh: Callable[[str], str]
) -> None:
    name = fresh("root")
    inner = knowledge_sources([Critic, Judge], region=REGION, until=CountReached("verdict/", 1) | SOON)
    spec = shoal.ChildSpec(id="inner", agent=inner.supervisor(f"{name}/inner"))
    root = await system.spawn(shoal.Supervisor([spec]), name=name)
    await board.put("hypothesis/1", Hypothesis(text="one", score=0.5))
    team = KnowledgeTeam.of(root.child("inner"))
    assert isinstance(team, KnowledgeTeam)
    assert (await team.ended()).condition == "CountReached('verdict/', 1)"
    await system.stop(root)


# -- restarts ----------------------------------------------------------------------------------------------


@pytest.mark.slow_on_ray
async def test_a_controller_that_fails_is_started_again_and_goes_on(
    board: shoal.Board, build: Build, stage: shoal.Ref
) -> None:
    team = await build(Watcher(stage, "open"), until=Quiescence() | SOON)
    for key in ("number/a", "number/b", "number/c"):
        await board.put(key, 1)
    await stage.ask(Arrived(gate="open"))
    await team.controller.tell(ControllerBroke(text="told to"))

    async def again() -> bool:
        state = await team.which_child("controller")
        return bool(state.restarts == 1)

    await eventually(again)
    await stage.tell(Open(gate="open"))
    ended = await team.ended()
    assert ended.condition == "Quiescence()"
    notes = await stage.ask(Notes())
    done = sorted(note for note in notes if note.startswith("look is done with"))
    assert sorted(set(done)) == [f"look is done with number/{key}" for key in "abc"]


@pytest.mark.slow_on_ray
async def test_a_team_of_that_name_goes_on_where_one_before_it_was_stopped(
    system: shoal.System, board: shoal.Board, stage: shoal.Ref, fresh: Callable[[str], str]
) -> None:
    name = fresh("team")
    plan = knowledge_sources([Watcher(stage)], region=REGION, until=CountReached("number/", 2) | SOON)
    await board.put("number/a", 1)
    team = await system.build(plan, name=name)
    await stage.ask(Notes(count=2), timeout_s=PATIENCE_S)

    async def kept() -> bool:
        return not await activations(board, team, "agenda")

    await eventually(kept)
    await system.stop(team)
    await board.put("number/b", 2)
    again = await system.build(plan, name=name)
    ended = await again.ended()
    assert ended.condition == "CountReached('number/', 2)"
    notes = await stage.ask(Notes())
    assert notes.count("look put number/a 1") == 1
    await system.stop(again)
    third = await system.build(plan, name=name)
    assert await third.ended() == ended
    await system.stop(third)


@pytest.mark.parametrize(
    "victim",
    [
        pytest.param("controller", marks=pytest.mark.slow),
        pytest.param("watcher", marks=pytest.mark.slow),
        pytest.param("board", marks=pytest.mark.slow),
    ],
)
async def test_a_team_survives_kills_and_handles_each_change(
    ray_system: shoal.System, victim: str, fresh: Callable[[str], str]
) -> None:
    system, name = ray_system, fresh("team")
    board = await system.board(REGION).open()
    stage = await system.spawn(_stage(), name=fresh("stage"))
    team = await system.build(
        knowledge_sources([Watcher(stage, "open")], region=REGION, until=Quiescence() | SOON), name=name
    )
    for key in ("number/a", "number/b", "number/c"):
        await board.put(key, 1)
    await stage.ask(Arrived(gate="open"))
    processes = await system.processes()
    os.kill(processes[f"board/{REGION}" if victim == "board" else f"{name}/{victim}"], signal.SIGKILL)
    await stage.tell(Open(gate="open"))
    ended = await team.ended()
    assert ended.condition == "Quiescence()"
    done = [note for note in await stage.ask(Notes()) if note.startswith("look is done with")]
    assert sorted(set(done)) == [f"look is done with number/{key}" for key in "abc"]
    assert len(done) == 3, "what a source tells again in its next incarnation has the same ids"
    await system.stop(team)
    for prefix in PREFIXES:
        await board.delete_prefix(prefix)


def _stage() -> Any:
    from tests.contract.agents import Stage

    return Stage()


# -- waiting -----------------------------------------------------------------------------------------------


async def test_a_program_waits_until_all_work_is_done(
    system: shoal.System, board: shoal.Board, crowd: str, fresh: Callable[[str], str]
) -> None:
    workers = [await system.spawn(Worker(), name=fresh(f"worker-{n}"), host=crowd) for n in range(2)]
    for number in range(6):
        await board.post(f"job/{number}", number)
    waiting = asyncio.create_task(board.until(Quiescence() | SOON))
    half = asyncio.create_task(board.until(ItemsDone("job/", 3) | SOON))
    await asyncio.gather(*(worker.ask(3, timeout_s=PATIENCE_S) for worker in workers))
    assert (await waiting).condition == "Quiescence()"
    assert (await half).condition == "ItemsDone('job/', 3)"
    assert (await half).revision <= (await waiting).revision


async def test_a_wait_survives_the_death_of_the_board(ray_system: shoal.System) -> None:
    board = await ray_system.board(REGION).open()
    waiting = asyncio.create_task(board.until(CountReached("number/", 3) | SOON))
    await board.put("number/a", 1)
    for key in ("number/b", "number/c"):
        os.kill((await ray_system.processes())[f"board/{REGION}"], signal.SIGKILL)
        await board.put(key, 1)
    assert (await waiting).condition == "CountReached('number/', 3)"
    await board.delete_prefix("number/")
