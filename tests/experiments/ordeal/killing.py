"""Kills what belongs to a run while it goes on: who and when is drawn by a seed, and told by what is done by then.

Kills come when so many results are there, not by the clock: a busy machine then sees the same ones as an idle one.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
from collections import Counter
from typing import Any, NamedTuple

import ray
from ray.exceptions import RayError

from shoal.actors.limits.link import ADDRESS as LIMITER
from shoal.runtime.ray.calls import actor_by_name
from shoal.runtime.ray.directory import NAMESPACE, directory_name
from shoal.runtime.recorder import NAME as RECORDER

AGENT, SYSTEM, CLIENT = "(agent)", "(system)", "(client)"
_HOUSE = (RECORDER, LIMITER, SYSTEM)
_ANSWERS_S = 10.0


class Kill(NamedTuple):
    """One kill to come."""

    at: int
    """When so many results are there."""
    whom: str


def plan_kills(tasks: int, seed: int, **how_often: int) -> list[Kill]:
    """So many of each at random places, the last tenth left out: there may be nothing left to kill by then."""
    dice = random.Random(seed)
    named = {"agents": AGENT, "recorder": RECORDER, "limiter": LIMITER, "system": SYSTEM, "client": CLIENT}
    last = tasks - tasks // 10
    return sorted(
        Kill(dice.randrange(last), named[whom]) for whom, count in how_often.items() for _ in range(count)
    )


class Processes:
    """Those of the system on Ray that the client runs now. What ran before this was made is somebody else's."""

    def __init__(self) -> None:
        self._others = _directories()
        self._killed: set[int] = set()
        self.kills: Counter[str] = Counter()

    def kill(self, whom: str, dice: random.Random) -> bool:
        """Kill one, by SIGKILL; whether there was one to be killed that nobody killed yet."""
        living = {name: pid for name, pid in self._living().items() if pid not in self._killed}
        named = sorted(living.keys() - set(_HOUSE)) if whom == AGENT else sorted(living.keys() & {whom})
        if not named:
            return False
        victim = dice.choice(named)
        with contextlib.suppress(ProcessLookupError):
            os.kill(living[victim], signal.SIGKILL)
        self._killed.add(living[victim])
        self.kills[whom] += 1
        return True

    def _living(self) -> dict[str, int]:
        for name in _directories() - self._others:
            with contextlib.suppress(RayError):
                directory: Any = actor_by_name(name, NAMESPACE)
                if directory is not None:
                    asked = [directory.hosts.remote(), directory.pid.remote()]
                    hosts, own = ray.get(asked, timeout=_ANSWERS_S)
                    return {**{info.name: info.pid for info in hosts}, SYSTEM: own}
        return {}


def _directories() -> set[str]:
    """The names of the directories of all systems."""
    found: list[dict[str, str]] = ray.util.list_named_actors(all_namespaces=True)
    ending = directory_name("")
    return {one["name"] for one in found if one["namespace"] == NAMESPACE and one["name"].endswith(ending)}
