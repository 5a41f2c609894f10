from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import BaseModel

import shoal
from shoal.blackboard.operations import Claim, Complete, Operation, Post, Put
from shoal.blackboard.persistence import open_region_reader, region_path
from shoal.blackboard.version import Commit
from shoal.experiments.replaying import boards_then
from shoal.experiments.replaying.beginning import of_agents, of_boards, of_choices
from shoal.experiments.replaying.boards_then import copy_boards
from shoal.experiments.replaying.replay import Options, Replayed, replay_task
from shoal.runtime.config import Config
from shoal.runtime.journal.entries import MessageEntry, SpanEntry
from shoal.runtime.journal.reader import RunReader
from tests.blackboard.replay.scene import save
from tests.blackboard.store.stand import START, Stand, value


def commits_of(*operations: Operation) -> list[Commit]:
    stand = Stand()
    for operation in operations:
        stand.advance(1.0)
        stand.do(operation)
    return stand.commits


def copied(tmp_path: Path, commits: Sequence[Commit], until: float, *, compacted: int = 0) -> Sequence[str]:
    """The keys and revisions that a copy has."""
    save(tmp_path / "run", commits, compacted=compacted)
    assert copy_boards(Config(), tmp_path / "run", until, tmp_path / "again") == ["main"]
    if not region_path(tmp_path / "again", "main").exists():
        return []
    with open_region_reader(Config(), tmp_path / "again", "main") as reader:
        return [f"{one.key} {one.mod_revision}" for one in reader.entries_at()]


@pytest.mark.parametrize(
    ("until", "there"), [(0.5, []), (1.0, ["a 1"]), (2.9, ["a 1", "b 2"]), (9.0, ["a 3", "b 2"])]
)
def test_a_region_is_copied_as_it_was_at_a_time(tmp_path: Path, until: float, there: list[str]) -> None:
    commits = commits_of(Put("a", value(1)), Put("b", value(2)), Put("a", value(3)))
    assert copied(tmp_path, commits, START + until) == there


def test_a_region_with_open_work_begins_empty_and_one_with_work_that_is_done_does_not(
    tmp_path: Path,
) -> None:
    work = commits_of(Post("ask", value("who?")), Claim(prefix="ask"), Complete("ask", 2, value("you")))
    assert copied(tmp_path / "open", work, START + 1) == []
    assert copied(tmp_path / "claimed", work, START + 2) == []
    assert copied(tmp_path / "done", work, START + 3) == ["ask 3"]


def test_a_region_whose_oldest_history_is_gone_or_that_is_too_long_begins_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = commits_of(*(Put("a", value(number)) for number in range(4)))
    assert copied(tmp_path / "compacted", commits, START + 9, compacted=2) == []
    monkeypatch.setattr(boards_then, "MOST_REVISIONS", 3)
    monkeypatch.setattr(boards_then, "_AT_ONCE", 2)
    assert copied(tmp_path / "long", commits, START + 9) == []
    assert copied(tmp_path / "short", commits, START + 3) == ["a 3"]


def test_a_run_without_boards_has_none_and_a_damaged_one_begins_empty(tmp_path: Path) -> None:
    assert copy_boards(Config(), tmp_path / "run", START, tmp_path / "again") == []
    region_path(tmp_path / "run", "main").parent.mkdir(parents=True)
    region_path(tmp_path / "run", "main").write_bytes(b"no database" * 100)
    assert copy_boards(Config(), tmp_path / "run", START, tmp_path / "again") == ["main"]
    assert not region_path(tmp_path / "again", "main").exists()


class Counter(shoal.Agent):
    async def on_text(self, text: str, ctx: shoal.Context) -> int:
        entry = await ctx.board.update("count", lambda count: (count or 0) + 1)
        found: int = entry.value
        return found


async def counted(root: Path, *tasks: str) -> Path:
    async with shoal.start("local", run="r", runs_root=root, journal="messages") as system:
        await system.board().open()
        built = await system.build(shoal.single(Counter()), name="team")
        for task in tasks:
            await system.run.task(built, task, task=task)
        return system.run.path


async def again(path: Path, task: str, agent: shoal.Agent | None = None) -> Replayed:
    with RunReader(path) as reader:
        return await replay_task(reader, shoal.single(agent or Counter()), "team", task, Options())


async def test_a_task_finds_on_the_board_what_earlier_ones_put_there(tmp_path: Path) -> None:
    path = await counted(tmp_path, "t-1", "t-2", "t-3")
    before = region_path(path, "main").read_bytes()
    for task, count in (("t-1", 1), ("t-3", 3), ("t-2", 2)):
        found = await again(path, task)
        assert found.same, found.divergences
        assert (found.now.output, found.likely) == (count, [])
    assert region_path(path, "main").read_bytes() == before


async def test_what_is_missing_on_the_board_is_named_as_a_likely_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await counted(tmp_path, "t-1", "t-2", "t-3")
    monkeypatch.setattr(boards_then, "MOST_REVISIONS", 0)
    found = await again(path, "t-3")
    assert not found.same
    assert [said.partition(",")[0] for said in found.likely] == [
        "board region 'main' was at revision 2 when the task first used it"
    ]


class Seen(BaseModel):
    texts: list[str] = []


class Rememberer(shoal.Agent):
    durable = True
    state: Seen

    async def on_text(self, text: str) -> int:
        self.state.texts.append(text)
        return len(self.state.texts)


async def test_an_agent_that_kept_state_from_before_is_named_as_a_likely_reason(tmp_path: Path) -> None:
    async with shoal.start("local", run="r", runs_root=tmp_path, journal="messages") as system:
        built = await system.build(shoal.single(Rememberer()), name="team")
        for task in ("t-1", "t-2"):
            await system.run.task(built, task, task=task)
        path = system.run.path
    first, second = [await again(path, task, Rememberer()) for task in ("t-1", "t-2")]
    assert (first.same, first.likely) == (True, [])
    assert (second.same, len(second.likely)) == (False, 1)
    assert second.likely[0].startswith("team keeps state, and other tasks were begun before this one")


def span(at: float, region: str, revision: int | None, kind: str = "board") -> SpanEntry:
    data = {"region": region, "revision": revision}
    return SpanEntry("00", "", "t-1", "a", kind, "get", at, 0.0, "ok", data)


def test_regions_are_compared_by_the_revision_of_their_first_use() -> None:
    before = [span(3.0, "main", 9), span(2.0, "main", 4), span(1.0, "main", None), span(1.0, "x", 1)]
    assert of_boards(before, [span(1.0, "main", 4)]) == []
    assert len(of_boards(before, [span(1.0, "main", 3)])) == 1
    assert len(of_boards(before, [])) == 1
    assert of_boards([span(1.0, "main", 9, kind="tool")], []) == []


def test_a_router_that_chose_another_member_is_named_unless_the_task_was_the_first() -> None:
    def given(to: str, cause: str | None = "00") -> list[MessageEntry]:
        return [MessageEntry("01", cause, "t-1", "team", to, "str", 0, 1.0, 0.1, "done")]

    (said,) = of_choices(given("team/1"), given("team/2"), first=False)
    assert said.startswith("team chose team/1 then, and team/2 now")
    assert "record_choices=True" in said
    for before, now, first in (
        ("team/1", "team/2", True), ("team/1", "team/1", False), ("b", "c", False), ("x/1", "y/1", False),
    ):  # fmt: skip
        assert of_choices(given(before), given(now), first=first) == []
    assert of_choices(given("team/1", None), given("team/2", None), first=False) == []


def test_agents_that_keep_state_are_named_unless_the_task_was_the_first() -> None:
    assert of_agents({"a"}, first=True) == of_agents([], first=False) == []
    assert of_agents({"b", "a"}, first=False)[0].startswith("a, b keep state, and other tasks were begun")
    assert "a, b, c and 2 more keep" in of_agents("abcde", first=False)[0]
