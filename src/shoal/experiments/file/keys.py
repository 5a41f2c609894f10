"""Keys of models that are not there. ``shoal check`` says so; a run in this process could not ask these models."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shoal.actors.llm.llm_agent import LLMAgent
from shoal.experiments.file.loaded import Loaded
from shoal.experiments.file.telling import raise_problems
from shoal.experiments.teams.sizing import asks
from shoal.models.errors import KeyMissing
from shoal.models.spec import Model
from shoal.topologies.wiring.topology import Topology

LOCAL = "local"
"""The address of a run in this process, which has no other environment than this."""


def lacking_keys(
    models: Mapping[str, Model], environ: Mapping[str, str] | None = None
) -> Iterator[tuple[str, str]]:
    """Names of models whose key is not set, or is none, and what is wrong with it."""
    for name, model in models.items():
        if model.provider != "openai":
            continue
        from shoal.models.openai.address import base_url_of, key_of  # noqa: PLC0415 - openai takes 0.5 s

        environment = os.environ if environ is None else environ
        try:
            key_of(model, base_url_of(model, environment), environment)
        except KeyMissing as exc:
            held = environment.get(model.api_key_env, "").strip()
            yield name, exc.text if held else f"the environment variable {model.api_key_env} is not set"


def require_keys(
    loaded: Loaded,
    topology: Topology,
    address: str | None,
    environ: Mapping[str, str] | None = None,
) -> None:
    """Before a run of this team: that each model it asks can be asked, where the run is in this process.

    Elsewhere the environment is that of the nodes, which is not known here. Raises ``BadExperiment``.
    """
    if address != LOCAL:
        return
    models = loaded.experiment.models
    used = _used(agent for agent in (one.agent for one in asks(topology).values()))
    remedy = "export it, or name another variable in api_key_env"
    raise_problems(
        [
            loaded.locator.problem(("models", name), what, remedy)
            for name, what in lacking_keys({name: models[name] for name in models if name in used}, environ)
        ]
    )


def _used(agents: Iterable[Any]) -> set[str]:
    """Names of the models that language model agents ask; a fallback, too, as nobody else will answer for it."""
    used: set[str] = set()
    for agent in agents:
        if isinstance(agent, LLMAgent):
            used.update(one for one in (agent.plan.model, *agent.plan.fallback) if isinstance(one, str))
    return used
