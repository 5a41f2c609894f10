"""Whether two members of a team are one and the same speaker: who checks must not be who made. Pure.

The same object, class or function twice; two agents of one class that are set up alike; two LLM agents that ask the
same model with the same words. Of teams, every agent in them is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shoal.actors.llm.llm_agent import LLMAgent
from shoal.runtime.errors import ConfigError
from shoal.runtime.recipe import FunctionBehavior
from shoal.topologies.wiring.topology import Topology


def check_distinct(pattern: str, members: Mapping[str, Any], remedy: str) -> None:
    """Raise :class:`ConfigError` when two members are the same speaker, or have one in common."""
    seen: list[tuple[str, Any]] = []
    for name, member in members.items():
        speakers = list(_speakers(member))
        for speaker in speakers:
            for other, known in seen:
                if same_speaker(speaker, known):
                    raise ConfigError(
                        f"{pattern}: {name!r} and {other!r} are the same agent: it would agree with itself; {remedy}"
                    )
        seen.extend((name, speaker) for speaker in speakers)


def same_speaker(one: Any, other: Any) -> bool:
    """Whether both would say the same, as far as can be seen from how they are made."""
    one, other = _core(one), _core(other)
    if one is other:
        return True
    if isinstance(one, LLMAgent) and isinstance(other, LLMAgent):
        return _asks(one) == _asks(other)
    if isinstance(one, type) or isinstance(other, type):
        return _of_class(one, other)
    return type(one) is type(other) and _alike(_set_up(one), _set_up(other))


def _core(member: Any) -> Any:
    return member.function if isinstance(member, FunctionBehavior) else member


def _speakers(member: Any) -> Iterator[Any]:
    if isinstance(member, Topology):
        for part in member.members.values():
            yield from _speakers(part)
    else:
        yield member


def _asks(agent: LLMAgent) -> tuple[Any, ...]:
    """The model and the words."""
    plan = agent.plan
    return plan.model, plan.instructions.text, plan.prompt.text if plan.prompt is not None else ""


def _of_class(one: Any, other: Any) -> bool:
    """A class and an agent of it that was set up with nothing."""
    kind, agent = (one, other) if isinstance(one, type) else (other, one)
    return type(agent) is kind and _set_up(agent) == {}


def _alike(one: dict[str, Any] | None, other: dict[str, Any] | None) -> bool:
    try:
        return one is not None and bool(one == other)
    except Exception:  # an attribute that cannot be compared: nobody can say that they are alike
        return False


def _set_up(agent: Any) -> dict[str, Any] | None:
    """How an instance was set up; ``None`` where that does not say who it is: a function, a factory."""
    return getattr(agent, "__dict__", None) if hasattr(agent, "handler_table") else None
