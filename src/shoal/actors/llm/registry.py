"""The system's models and limits, read from its settings."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from shoal.actors.limits.spec import LimitsSpec
from shoal.models.permits import Budget
from shoal.models.spec import Model
from shoal.runtime.config import Config, describe_invalid
from shoal.runtime.errors import ConfigError


class SystemLimits(LimitsSpec):
    """The limits of a whole system."""

    @property
    def limits_usd(self) -> bool:
        """Whether a budget that no call names itself limits dollars."""
        budgets = [self.run, self.per_agent, self.per_task, *self.teams.values(), *self.agents.values()]
        return any(budget.usd is not None for budget in budgets)


def models_of(config: Config) -> dict[str, Model]:
    """The models by the names that agents use. Raises :class:`ConfigError` naming what is wrong."""
    return _models(_Once(config.models))


def limits_of(config: Config) -> SystemLimits:
    """The limits. Raises :class:`ConfigError` naming what is wrong."""
    return _limits(_Once((config.budget, config.limits, config.models)))


def has_limits(config: Config) -> bool:
    """Whether anything is limited for the whole system: then a limiter is started with it."""
    return limits_of(config) != SystemLimits()


class _Once:
    """Settings as a key: a system's never change, so the object itself says which they are."""

    def __init__(self, settings: Any) -> None:
        self.settings = settings
        self._text = repr(settings)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Once) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


@lru_cache(maxsize=32)
def _models(settings: _Once) -> dict[str, Model]:
    found = {}
    for name, fields in settings.settings.items():
        try:
            found[name] = Model(**{"model": name, **fields} if isinstance(fields, dict) else fields)
        except (ValidationError, TypeError) as exc:
            raise ConfigError(_problem(f"models[{name!r}]", exc)) from exc
    return found


@lru_cache(maxsize=32)
def _limits(settings: _Once) -> SystemLimits:
    budget, limits, models = settings.settings
    try:
        run = Budget(**budget)
    except ValidationError as exc:
        raise ConfigError(describe_invalid("budget", exc)) from exc
    try:
        found = SystemLimits(**limits)
    except ValidationError as exc:
        raise ConfigError(describe_invalid("limits", exc)) from exc
    if budget:
        if found.run != Budget():
            raise ConfigError("the budget of the run is given twice: as budget=, and in limits= as run")
        found = found.model_copy(update={"run": run})
    rates = {
        model.endpoint: model.rates
        for model in _models(_Once(models)).values()
        if model.rates != type(model.rates)()
    }
    return found.model_copy(update={"rates": {**rates, **found.rates}})


def _problem(subject: str, exc: Exception) -> str:
    if isinstance(exc, ValidationError):
        return describe_invalid(subject, exc)
    return f"{subject} is no model: give the fields of shoal.Model ({exc})"
