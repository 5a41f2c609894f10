"""Every pattern on every host: its work, many tasks at once, and whoever of it is killed in the middle."""

from __future__ import annotations

import asyncio
import pkgutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

import shoal
import tests.topologies
from tests.contract.test_kills import kill, pid_of
from tests.topologies.case import Case
from tests.topologies.noting import Noting

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

BY_PATTERN: list[list[Case]] = [
    import_module(f"tests.topologies.{module.name}").CASES
    for module in pkgutil.iter_modules(tests.topologies.__path__)
    if module.name.startswith("case_")
]
CASES = [case for cases in BY_PATTERN for case in cases]
ALWAYS = ("pipeline", "fan_out, vote")
KILLED = [
    pytest.param(case, id=case.name, marks=[pytest.mark.slow] if place or case.name not in ALWAYS else [])
    for cases in BY_PATTERN
    for place, case in enumerate(cases)
]
"""A few in every run, the others in the long one: each costs a process for every agent."""
LIMIT_S = 100.0
Fresh = Callable[[str], str]


def name_of(case: Case, fresh: Fresh) -> str:
    return fresh("-".join(case.name.replace(",", "").split()))


@pytest.mark.slow_on_ray  # there the test below has them work as well
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_pattern_does_many_tasks_at_once(system: shoal.System, fresh: Fresh, case: Case) -> None:
    team = await system.build(case.team(), name=name_of(case, fresh))
    try:
        answers = await asyncio.gather(
            *(team.ask(case.message(number), timeout_s=LIMIT_S) for number in range(2 * case.at_once))
        )
        for number, answer in enumerate(answers):
            case.check(number, answer)
    finally:
        await team.stop(kill=True)


@pytest.mark.ray
@pytest.mark.parametrize("case", KILLED)
async def test_a_pattern_loses_nothing_when_its_agents_and_its_front_are_killed(
    ray_system: shoal.System, fresh: Fresh, case: Case
) -> None:
    """One after the other, each while tasks are in flight."""
    name = name_of(case, fresh)
    team = await ray_system.build(case.team(), name=name)
    try:
        case.check(0, await team.ask(case.message(0), timeout_s=LIMIT_S))
        of_team = [f"{name}/{victim.lstrip('/')}".rstrip("/") for victim in case.victims]
        for victim in (*of_team, *case.others):
            asks = [
                asyncio.ensure_future(team.ask(case.message(number), timeout_s=LIMIT_S))
                for number in range(case.at_once)
            ]
            await asyncio.wait(asks, return_when=asyncio.FIRST_COMPLETED)
            kill(await pid_of(ray_system, victim))
            for number, answer in enumerate(await asyncio.gather(*asks)):
                case.check(number, answer)
    finally:
        await team.stop(kill=True)


@pytest.mark.slow
@pytest.mark.ray
async def test_who_has_answered_is_not_made_to_do_it_again_when_the_front_dies(
    ray_system: shoal.System, fresh: Fresh, tmp_path: Path
) -> None:
    name, tasks = fresh("line"), 40
    first, second = tmp_path / "first", tmp_path / "second"
    line = shoal.pipeline(first=Noting(str(first), 0.0), second=Noting(str(second), 0.2))
    team = await ray_system.build(line, name=name)
    try:
        asks = [asyncio.ensure_future(team.ask(number, timeout_s=LIMIT_S)) for number in range(tasks)]
        await asyncio.wait(asks, return_when=asyncio.FIRST_COMPLETED)
        kill(await pid_of(ray_system, name))
        assert await asyncio.gather(*asks) == list(range(tasks))
        for log in (first, second):
            assert sorted(map(int, log.read_text().split())) == list(range(tasks))
    finally:
        await team.stop(kill=True)
