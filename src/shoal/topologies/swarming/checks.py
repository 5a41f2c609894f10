"""Whether a swarm can work and will end, as far as its options say before anything is started. Pure."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from shoal.blackboard.termination import AnyOf, Quiescence, Termination, TimeLimit
from shoal.runtime.errors import ConfigError
from shoal.topologies.swarming.messages import SwarmResult
from shoal.topologies.wiring.topology import Topology

TIME_S = 600.0
"""A task has so long where nothing else is sure to end it."""


def termination_of(until: Any) -> Termination:
    """The conditions as one that is sure to hold. Raises ``ConfigError`` when there is none."""
    given = [until] if isinstance(until, Termination) else until
    if not isinstance(given, list | tuple) or not given:
        raise ConfigError(
            f"swarm: until is {until!r}: a swarm does not know by itself when to stop; give a condition, as "
            "shoal.Quiescence() or shoal.TimeLimit(60), or leave it out"
        )
    for one in given:
        if not isinstance(one, Termination):
            raise ConfigError(
                f"swarm: until has {one!r}, which is no condition: give a shoal.TimeLimit(60), ..."
            )
    parts = list(given)
    if not any(_has_quiescence(part) for part in parts):
        parts.append(Quiescence())  # else a task with nothing left to do waits for its limit
    if not any(part.certain for part in parts):
        parts.append(TimeLimit(TIME_S))
    return AnyOf(tuple(parts))


def _has_quiescence(condition: Termination) -> bool:
    parts: tuple[Termination, ...] = getattr(condition, "parts", ())
    return isinstance(condition, Quiescence) or any(map(_has_quiescence, parts))


def check_figures(options: Mapping[str, Any]) -> None:
    """Raise ``ConfigError`` for a limit that cannot be."""
    whole = {"most_items": (1, 1_000_000), "attempts": (1, 10), "monitor_every": (1, 1_000_000)}
    optional = {"items_each": (1, 1_000_000), "failures_each": (1, 1_000_000), "at_once": (1, 1_000)}
    for name, (least, most) in {**whole, **optional}.items():
        given = options[name]
        if given is None and name in optional:
            continue
        if type(given) is not int or not least <= given <= most:
            raise ConfigError(f"swarm: {name} is {given!r}; give a whole number from {least} to {most:,}")
    for name, shortest in (("backoff_s", 0.0), ("lease_s", 0.01)):
        if type(options[name]) not in (int, float) or not shortest <= options[name] < 86_400:
            raise ConfigError(f"swarm: {name} is {options[name]!r}; give seconds from {shortest:g} to a day")
    cut = options["cut"]
    if cut is not None and not (type(cut) in (int, float) and 0 < cut < 1):
        raise ConfigError(f"swarm: cut is {cut!r}; give a share of the time between 0 and 1, or None")


def check_functions(options: Mapping[str, Any]) -> None:
    """Raise ``ConfigError`` for what is given in place of a function, a type or an agent."""
    for name in ("seed", "name_of", "priority"):
        given = options[name]
        if given is not None and (not callable(given) or asyncio.iscoroutinefunction(given)):
            raise ConfigError(f"swarm: {name} is {given!r}, not a plain function")
    result, finding, monitor = options["result"], options["finding"], options["monitor"]
    if isinstance(result, type) and not issubclass(result, SwarmResult):
        raise ConfigError(
            f"swarm: result is {result.__name__}; give a subclass of shoal.SwarmResult, or a function of one"
        )
    if result is not None and not callable(result):
        raise ConfigError(
            f"swarm: result is {result!r}; give a subclass of shoal.SwarmResult, or a function of one"
        )
    if finding is not None and not isinstance(finding, type):
        raise ConfigError(f"swarm: finding is {finding!r}; give the type that findings must be")
    if monitor is not None and not is_agent(monitor) and not callable(monitor):
        raise ConfigError(
            f"swarm: monitor is {monitor!r}, neither a function of shoal.SwarmView nor an agent"
        )


def is_agent(one: Any) -> bool:
    """Whether it is to be started; plain functions run in the front."""
    return one is not None and (
        asyncio.iscoroutinefunction(one) or isinstance(one, type | Topology) or hasattr(one, "handler_table")
    )
