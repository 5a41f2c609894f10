"""Quality gates between stages: what must be true of an answer, and what is done when it is not. Pure."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shoal.runtime.errors import ConfigError

Check = Callable[[Any], Any]
"""Takes an answer. It is fine when ``None`` or ``True`` comes back; ``False``, a text that says what is wrong, or an
exception refuse it. May be async."""
MOST_TIMES = 100


@dataclass(frozen=True)
class Gate:
    """See :func:`gate`."""

    check: Check
    repair: Callable[..., Any] | None = None
    back_to: str | None = None
    most: int = 2


def gate(
    check: Check, *, repair: Callable[..., Any] | None = None, back_to: str | None = None, most: int = 2
) -> Gate:
    """What is checked after a stage, and what is done about what does not pass.

    ``check``: takes the stage's answer; ``False``, a text or an exception refuse it. ``repair``: ``(answer, why)``
    makes a better answer of it, which is checked again, once. ``back_to``: the stage (this one or an earlier one) that
    does its work again, at most ``most`` times for one item: it gets a ``Revision`` (see :mod:`.revision`) when it
    accepts that or ``str``, else what it got before. Without them, or when nothing helped, the item ends as
    ``GateRejected``.
    """
    return Gate(check, repair, back_to, most)


def check_gate(gate: Gate, stage: str, stages: list[str]) -> None:
    """Raise :class:`ConfigError` for a gate that cannot work."""
    for what, function in (("check", gate.check), ("repair", gate.repair)):
        if function is not None and not callable(function):
            raise ConfigError(
                f"pipeline: gate {stage!r}: {what} is {function!r}, not a callable that refuses bad output"
            )
    if gate.back_to is None:
        return
    if gate.back_to not in stages:
        raise ConfigError(
            f"pipeline: gate {stage!r} sends back to {gate.back_to!r}; stages are {', '.join(stages)}"
        )
    if stages.index(gate.back_to) > stages.index(stage):
        raise ConfigError(f"pipeline: gate {stage!r} sends back to {gate.back_to!r}, which comes after it")
    if not 1 <= gate.most <= MOST_TIMES:
        raise ConfigError(
            f"pipeline: gate {stage!r}: most is {gate.most}; give 1 to {MOST_TIMES}, or no back_to to send nothing back"
        )


async def passed(gate: Gate, answer: Any) -> tuple[Any, str]:
    """The answer, repaired if it needed that, and what is still wrong with it: nothing, if it may go on."""
    why = await _objection(gate.check, answer)
    if not why or gate.repair is None:
        return answer, why
    try:
        repaired = gate.repair(answer, why)
        if inspect.isawaitable(repaired):
            repaired = await repaired
    except Exception as exc:
        return answer, f"{why}; the repair failed: {type(exc).__name__}: {exc}"
    return repaired, await _objection(gate.check, repaired)


async def _objection(check: Check, answer: Any) -> str:
    try:
        verdict = check(answer)
        if inspect.isawaitable(verdict):
            verdict = await verdict
    except Exception as exc:
        return f"{type(exc).__name__}: {exc}"
    if isinstance(verdict, str):
        return verdict
    return f"the check said no to a {type(answer).__name__}" if verdict is False else ""
