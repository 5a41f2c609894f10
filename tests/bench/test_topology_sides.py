"""The sides of the rows about topologies that need no Ray: they do what they are given, with as many messages as the
rows say."""

from __future__ import annotations

import re

import pytest

from shoal.bench import plain_ray
from shoal.bench.catalogue import ABOUT_TOPOLOGIES
from shoal.bench.errors import Miscounted
from shoal.bench.rows import Row
from shoal.bench.sides import Stage
from shoal.bench.topology_rows import CORAL, PLAIN_SWARM_MESSAGES, SWARM, SWARM_MESSAGES, TOPOLOGY_ROWS
from shoal.bench.topology_sides import TeamSide, team_sides
from shoal.bench.topology_teams import TEAMS
from shoal.bench.topology_work import MEMBERS, SWARM_ITEMS, items_of, of_all, of_both, of_items
from shoal.bench.workload import Parcel, parcel
from shoal.runtime.system import System
from shoal.topologies import worker

WITH_A_TEAM = [row for row in TOPOLOGY_ROWS if row is not CORAL]
COUNTED = [row for row in WITH_A_TEAM if row is not SWARM]


def handled(system: System) -> int:
    """Messages that agents of this process have handled, answers not included."""
    samples = re.findall(
        r"^shoal_messages_handled_total\{[^}]*\} (\S+)$", system.metrics_text(), re.MULTILINE
    )
    return sum(int(float(value)) for value in samples)


@pytest.mark.parametrize("row", COUNTED, ids=lambda row: row.name)
async def test_a_team_does_its_tasks_with_as_many_messages_as_the_row_says(row: Row) -> None:
    side = team_sides("local")[row.name]()
    assert isinstance(side, TeamSide)
    count = side.counts.least
    try:
        await side.setup(Stage())
        before = handled(side.system)
        for _ in range(2):
            assert (await side.run(count)).done == count
        asks = handled(side.system) - before
    finally:
        await side.teardown()
    assert 2 * asks == row.messages * 2 * count


async def test_a_swarm_does_its_tasks_with_about_as_many_messages_as_the_row_says() -> None:
    """It is told of changes together: of all of them at once, or of each alone, so that 10 are 0 to 22."""
    side = team_sides("local")["swarm"]()
    assert isinstance(side, TeamSide)
    count = side.counts.least
    try:
        await side.setup(Stage())
        before = handled(side.system)
        assert (await side.run(count)).done == count
        asks = handled(side.system) - before
    finally:
        await side.teardown()
    assert 2 * asks / count == pytest.approx(SWARM_MESSAGES, abs=12)
    assert f"about {SWARM_MESSAGES} messages a task, {PLAIN_SWARM_MESSAGES} in plain Ray" in SWARM.what


@pytest.mark.parametrize("row", WITH_A_TEAM, ids=lambda row: row.name)
def test_every_team_can_be_wired(row: Row) -> None:
    TEAMS[row.name]().check()


async def another(message: Parcel) -> Parcel:
    return parcel(message.number + 1)


async def test_a_wrong_answer_is_noticed() -> None:
    side = TeamSide("local", lambda: worker([another]))
    try:
        with pytest.raises(Miscounted, match=r"^task \d+ was answered with number="):
            await side.setup(Stage())
    finally:
        await side.teardown()


def test_an_answer_that_is_missing_is_noticed() -> None:
    with pytest.raises(Miscounted, match=f"7 members answered instead of {MEMBERS}"):
        of_all(parcel(1), {str(number): parcel(1) for number in range(1, 8)})
    with pytest.raises(Miscounted, match="1 branches answered instead of 2"):
        of_both({"left": parcel(1)})


def test_a_finding_that_is_missing_twice_there_or_of_another_task_is_noticed() -> None:
    one, *others = items_of(parcel(7))
    answer = of_items([*others, one])
    assert (answer.number, len(answer.findings)) == (7, SWARM_ITEMS)
    for wrong in (others, [*others, others[0]], [*others, items_of(parcel(8))[0]], []):
        with pytest.raises(Miscounted, match=r"findings about tasks .* instead of 4 about one"):
            of_items(wrong)


async def test_a_side_that_was_not_set_up_is_torn_down_all_the_same() -> None:
    await team_sides("local")["worker"]().teardown()


def test_plain_ray_does_every_row() -> None:
    assert set(plain_ray.PLAIN) >= ABOUT_TOPOLOGIES
