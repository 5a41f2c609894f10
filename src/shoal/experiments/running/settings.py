"""An experiment's models, budgets and limits as the settings of a system."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shoal.experiments.cluster import cluster_settings
from shoal.experiments.file.spec import Experiment
from shoal.models.spec import Model, Rates


def settings_of(
    experiment: Experiment, folder: Path, address: str | None, *, runs: Path | None = None
) -> dict[str, Any]:
    """What ``shoal.start`` is given beside address and run: fields of :class:`~shoal.runtime.config.Config`.

    ``folder``: where its code is; ``runs``: where its runs are. Raises :class:`BadExperiment`.
    """
    budget = experiment.budget
    limits = {
        "teams": {name: one.budget() for name, one in budget.teams.items()},
        "agents": {name: one.budget() for name, one in budget.agents.items()},
        "per_agent": budget.per_agent.budget(),
        "per_task": budget.per_task.budget(),
    }
    settings: dict[str, Any] = {
        "models": {name: _with_rates(name, model, experiment) for name, model in experiment.models.items()},
        "budget": budget.budget().model_dump(exclude_none=True),
        "limits": {name: one for name, one in limits.items() if one},
        "journal": experiment.output.journal,
    }
    settings["seed"] = experiment.seed
    cluster = cluster_settings(experiment.cluster, folder, address, runs=runs)
    return {**settings, **cluster, **experiment.settings}


def _with_rates(name: str, model: Model, experiment: Experiment) -> dict[str, Any]:
    """The model with the lower of its own rates and those of the limits; a model's own limits go before all's."""
    own = experiment.limits.models.get(name)
    every = experiment.limits
    rates = {}
    for field in Rates.model_fields:
        named = getattr(own, field, None)
        wanted = [
            one for one in (named or getattr(every, field), getattr(model.rates, field)) if one is not None
        ]
        rates[field] = min(wanted, default=None)
    return model.model_copy(update={"rates": Rates(**rates)}).model_dump(mode="json", exclude_defaults=True)
