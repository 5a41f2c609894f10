"""Looks at a running system now and then: what the terminal shows beside tasks. Nothing in it can fail the run."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeVar

from shoal.actors.limits import LimitsStatus, permits_of
from shoal.actors.limits.link import ADDRESS as LIMITER
from shoal.actors.limits.spec import RUN
from shoal.experiments.running.progress import Look
from shoal.runtime.errors import ShoalError
from shoal.runtime.recorder import NAME as RECORDER
from shoal.runtime.system import System

T = TypeVar("T")
_HOUSE = frozenset({RECORDER, LIMITER})
"""What a system keeps for itself."""


async def look_at(system: System) -> Look:
    """How it is now; what cannot be learned now is left out."""
    hosts = await _or_nothing(system.health()) or []
    restarts = await _or_nothing(system.restarts()) or {}
    limits: LimitsStatus | None = await _or_nothing(permits_of(system.as_sender).status())
    slowest, queue = _longest_queue(system, hosts)
    return Look(
        agents=_agents(system, hosts),
        restarts=sum(restarts.values()),
        dead_letters=sum(host.get("dead_letters", 0) for host in hosts),
        budget=limits.levels.get(RUN) if limits is not None else None,
        waiting=limits.waiting if limits is not None else 0,
        slowest=slowest,
        queue=queue,
        silent=tuple(str(host["host"]) for host in hosts if host.get("answers") is False),
    )


async def _or_nothing(asked: Awaitable[T]) -> T | None:
    try:
        return await asked
    except (ShoalError, TimeoutError, OSError):
        return None


def _agents(system: System, hosts: list[dict[str, Any]]) -> int:
    here = sum(address not in _HOUSE for address in system.as_sender.cells)
    ours = system.as_sender.name
    return here + sum(
        int(host.get("agents", 0)) for host in hosts if host["host"] != ours and host["host"] not in _HOUSE
    )


def _longest_queue(system: System, hosts: list[dict[str, Any]]) -> tuple[str, int]:
    """The agent before which most messages wait: in this process each by itself, elsewhere by its host."""
    cells = list(system.as_sender.cells.items())
    waiting = {address: len(cell.mailbox) for address, cell in cells if address not in _HOUSE}
    ours = system.as_sender.name
    for host in hosts:
        if host["host"] != ours and host["host"] not in _HOUSE:
            waiting[str(host["host"])] = host.get("waiting", 0)
    slowest = max(waiting, key=lambda address: waiting[address], default="")
    return (slowest, waiting[slowest]) if slowest and waiting[slowest] else ("", 0)
