"""``router:`` and ``orchestrator.by:``: which worker gets a message."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from shoal.experiments.teams.strict import OneOf, Strict
from shoal.experiments.teams.words import Duration, ImportPath


class BanditSpec(Strict):
    """Learns which worker does best (``shoal.Bandit``)."""

    algorithm: Literal["thompson", "ucb1"] = "thompson"
    """How it tries."""
    context: str | None = None
    """A field of the message, or a function of it by import path, that says what kind of task it is."""
    score: ImportPath | None = None
    """(message, answer) -> 0..1: how good an answer was."""
    slow_s: Duration | None = None
    """An answer that took so long is worth half."""
    seed: int = 0
    """Of its random numbers."""


def _needs_kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "<path>"
    return "<by type>" if isinstance(value, dict) else None


Needs = Annotated[
    Annotated[ImportPath, Tag("<path>")] | Annotated[dict[ImportPath, str], Tag("<by type>")],
    Discriminator(
        _needs_kind,
        custom_error_type="needs",
        custom_error_message="it is expected to be a function by import path, or {type: capability, ...}",
    ),
]


class RouterSpec(OneOf):
    """How a worker is chosen: one of these."""

    model_config = ConfigDict(populate_by_name=True)
    beside = ("then",)
    by_field: str | None = Field(default=None, alias="field")
    """The field of the message that names the worker, or a capability."""
    capability: Needs | None = None
    """A function of the message that says what it needs, or the capability by type of message."""
    bandit: BanditSpec | None = None
    """Learns which worker does best."""
    then: Literal["round_robin", "least_loaded", "bandit"] = "least_loaded"
    """With capability: who of several is chosen."""


def _kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "<path>" if ":" in value else "<word>"
    return "<router>" if isinstance(value, dict | RouterSpec) else None


Routing = Annotated[
    Annotated[Literal["round_robin", "least_loaded", "capability", "bandit"], Tag("<word>")]
    | Annotated[ImportPath, Tag("<path>")]
    | Annotated[RouterSpec, Tag("<router>")],
    Discriminator(
        _kind,
        custom_error_type="router",
        custom_error_message=(
            "it is expected to be round_robin, least_loaded, capability, bandit, the import path of a function, or "
            "one of {field: name}, {capability: ...}, {bandit: ...}"
        ),
    ),
]
"""``capability`` as a word: the message's own field ``capability`` says what it needs."""
