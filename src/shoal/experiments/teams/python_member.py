"""Makes a member of ``use:``: what is found is an agent already, or makes one."""

from __future__ import annotations

import inspect
from typing import Any

from shoal.experiments.teams.use import UseSpec
from shoal.experiments.teams.workbench import UNMADE, Workbench, inside
from shoal.runtime.recipe import is_behavior
from shoal.topologies.wiring.edge import Edge
from shoal.topologies.wiring.topology import Topology
from shoal.topologies.work.capable import Capable


def make_python(spec: UseSpec, field: str, bench: Workbench) -> Any:
    """A class (an instance of it, where arguments are given), an async function, an agent, a topology."""
    found = bench.find(spec.use, inside(field, "use"))
    return UNMADE if found is UNMADE else agent_of(found, spec, field, bench)


def make_path(path: str, field: str, bench: Workbench) -> Any:
    """The same of a bare import path."""
    found = bench.find(path, field)
    return UNMADE if found is UNMADE else agent_of(found, UseSpec(use=path), field, bench)


def function_of(spec: Any, field: str, bench: Workbench) -> Any:
    """The plain function that a member's place can also be filled with; ``None`` when it is none."""
    path = (
        spec
        if isinstance(spec, str)
        else spec.use
        if isinstance(spec, UseSpec) and not spec.arguments
        else ""
    )
    if not path:
        return None
    found = bench.find(path, field)
    plain = inspect.isroutine(found) and not inspect.iscoroutinefunction(found)
    return found if plain and needs(found) else None


def agent_of(found: Any, spec: UseSpec, field: str, bench: Workbench) -> Any:
    """What is found, as an agent or a topology."""
    if spec.arguments:
        if is_agent(found) and not isinstance(found, type):
            return bench.problem(
                inside(field, "with"), f"{spec.use} is no class and makes nothing: it takes no arguments"
            )
        made = bench.call(found, spec.arguments, spec.use, inside(field, "with"))
        return made if made is UNMADE else _checked(made, f"what {spec.use} makes", field, bench)
    if isinstance(found, type) and hasattr(found, "handler_table"):
        lacking = needs(found)
        if lacking:
            return bench.problem(field, f"{spec.use} needs {', '.join(lacking)}", "give them under `with`")
        return found
    if inspect.isasyncgenfunction(found):
        what = f"{spec.use} is an async generator, and an agent answers once"
        return bench.problem(field, what, "`return` the answer, without `yield`")
    if inspect.isroutine(found) and not inspect.iscoroutinefunction(found):
        lacking = needs(found)
        if lacking:
            what = (
                f"{spec.use} is a plain function of ({', '.join(lacking)}), and an agent is an async function"
            )
            return bench.problem(
                field, what, "make it `async def`, or give what it needs under `with`, if it makes one"
            )
        made = bench.call(found, {}, spec.use, field)
        return made if made is UNMADE else _checked(made, f"what {spec.use}() makes", field, bench)
    return _checked(found, spec.use, field, bench)


def is_agent(found: Any) -> bool:
    """Whether it can be a member as it is."""
    return (
        isinstance(found, Topology | Edge | Capable)
        or is_behavior(found)
        or inspect.iscoroutinefunction(found)
        or (isinstance(found, type) and hasattr(found, "handler_table"))
    )


def needs(function: Any) -> list[str]:
    """The arguments that it cannot be called without."""
    try:
        declared = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [
        one.name
        for one in declared
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]


def _checked(made: Any, what: str, field: str, bench: Workbench) -> Any:
    if is_agent(made):
        return made
    kind = f"the class {made.__name__}" if isinstance(made, type) else f"of type {type(made).__name__}"
    return bench.problem(
        field, f"{what} is {kind}, and no agent, no class of agents, no async function and no topology"
    )
