"""Deterministic checks of an answer, done by the runtime itself: what a schema or a rule can say, no model decides.

A check is a function ``(answer)`` or ``(answer, task)``, async or not. It returns what is wrong as a string, or raises,
or returns ``False``; ``None`` and ``True`` mean that the answer passes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from shoal.runtime.config import describe_invalid
from shoal.runtime.errors import ConfigError
from shoal.topologies.review.revision import Objection

Check = Callable[..., Any]
RETURNS = "returns"
"""By whom the objection is that an answer has not the shape that is asked for."""


async def failed_checks(checks: Sequence[Check], answer: Any, task: Any) -> list[Objection]:
    """What the checks have against an answer, in their order."""
    found = []
    for check in checks:
        why = await _failure(check, answer, task)
        if why:
            found.append(Objection(by=name_of(check), why=why))
    return found


async def _failure(check: Check, answer: Any, task: Any) -> str:
    try:
        verdict = check(answer) if _count(check) == 1 else check(answer, task)
        if inspect.isawaitable(verdict):
            verdict = await verdict
    except Exception as exc:
        return f"{type(exc).__name__}: {exc}"
    if isinstance(verdict, str):
        return verdict
    if verdict is None or verdict is True:
        return ""
    return (
        "refused" if verdict is False else f"it returned {verdict!r}: a check returns what is wrong, or None"
    )


def shaped(answer: Any, returns: type[BaseModel] | None) -> tuple[Any, list[Objection]]:
    """An answer as what it has to be, and what keeps it from being that."""
    if returns is None or isinstance(answer, returns):
        return answer, []
    if not isinstance(answer, dict):
        return answer, [Objection(by=RETURNS, why=f"{type(answer).__name__} is no {returns.__name__}")]
    try:
        return returns.model_validate(answer), []
    except ValidationError as exc:
        return answer, [Objection(by=RETURNS, why=describe_invalid(returns.__name__, exc))]


def check_checks(pattern: str, checks: Sequence[Check]) -> None:
    """Raise :class:`ConfigError` for what is no check."""
    for check in checks:
        if not callable(check) or isinstance(check, type) or not 1 <= _count(check) <= 2:
            raise ConfigError(
                f"{pattern}: check {name_of(check)} must be a function (answer) or (answer, task) that returns what is "
                "wrong, or None"
            )


def name_of(check: Any) -> str:
    """What a check is called in objections."""
    return getattr(check, "__name__", type(check).__name__)


def _count(check: Check) -> int:
    try:
        parameters = inspect.signature(check).parameters.values()
    except (TypeError, ValueError):
        return 0
    return len([p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)])
