"""When and whom the demo's kills hit."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.demo.chaos import MOST_OF_ONE, SYSTEM, Chaos, Kill, plan_kills
from shoal.runtime.system import System


@given(st.integers(1, 1000), st.integers(0, 60), st.booleans(), st.integers(0, 10))
def test_kills_are_spread_over_the_run_in_order_and_the_same_for_a_seed(
    total: int, agents: int, supervisor: bool, seed: int
) -> None:
    plan = plan_kills(total, agents, supervisor, seed)
    assert plan == sorted(plan) == plan_kills(total, agents, supervisor, seed)
    assert [kill.supervisor for kill in plan].count(False) == agents
    assert [kill.at for kill in plan if kill.supervisor] == [total // 2] * supervisor
    assert all(0 <= kill.at < total for kill in plan)
    for number, kill in enumerate(kill for kill in plan if not kill.supervisor):
        assert abs(kill.at - total * (number + 0.5) / agents) <= total * 0.3 / agents + 1


class Machine(System):
    """Processes that are dead as soon as they are killed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
        self.living = {name: number for number, name in enumerate(names, 1)}
        self.killed: list[str] = []
        monkeypatch.setattr(os, "kill", self._kill)

    async def processes(self) -> dict[str, int]:
        """Those that live."""
        return dict(self.living)

    def _kill(self, pid: int, signal: int) -> None:
        (name,) = (name for name, known in self.living.items() if known == pid)
        self.killed.append(name)
        self.living[name] += 1000


async def test_a_strike_hits_agents_of_the_team_and_the_supervisor_only_when_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine(monkeypatch, "a", "b", "recorder", SYSTEM)
    strikes = Chaos(machine, ["a", "b"], [Kill(2, False), Kill(5, True), Kill(5, False)], seed=1)
    await strikes.strike(1)
    assert strikes.kills == 0
    await strikes.strike(4)
    assert machine.killed in (["a"], ["b"])
    await strikes.strike(9)
    assert machine.killed[1] == SYSTEM
    assert machine.killed[2] in ("a", "b")
    assert strikes.kills == 3


async def test_no_agent_is_killed_so_often_that_the_system_gives_it_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine(monkeypatch, "a", "b")
    strikes = Chaos(machine, ["a", "b"], [Kill(0, False)] * 100, seed=1)
    await strikes.strike(1)
    assert sorted(machine.killed) == ["a"] * MOST_OF_ONE + ["b"] * MOST_OF_ONE
