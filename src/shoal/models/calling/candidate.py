"""One model of a fallback chain, and what is wanted of the limits to ask it."""

from __future__ import annotations

from typing import NamedTuple

from shoal.models.chat import ChatRequest
from shoal.models.chat_model import ChatModel
from shoal.models.permits import Level, Want
from shoal.models.prices import most, refuse_unpriced
from shoal.models.spec import Model, Price
from shoal.models.tokens import bound_input


class Candidate(NamedTuple):
    """A model that can be asked."""

    spec: Model
    model: ChatModel
    price: Price | None = None
    """``None``: not known."""

    @property
    def identity(self) -> str:
        """All of the specification that an answer depends on: what a cache tells models apart by."""
        shaping = {
            "model",
            "base_url",
            "provider",
            "script",
            "api",
            "structured",
            "max_output_tokens",
            "temperature",
        }
        fields = self.spec.model_dump_json(include=shaping | {"seed", "extra_body"}, exclude_defaults=True)
        return f"{self.model.endpoint} {fields}"


class Ask(NamedTuple):
    """A call as it was asked for: the arguments of ``Caller.call``."""

    request: ChatRequest
    levels: tuple[Level, ...] = ()
    task: str = ""
    priority: int = 0
    deadline: float | None = None
    steps: int = 0
    partial: bool = False
    about: tuple[str, ...] = ()


def output_limit(candidate: Candidate, ask: Ask) -> int:
    """The most tokens that the answer may have."""
    limit = ask.request.max_output_tokens or candidate.spec.max_output_tokens
    context = candidate.spec.context_tokens
    return limit if context is None else min(limit, context)


def want(candidate: Candidate, ask: Ask, *, steps: int, usd_limited: bool) -> Want:
    """Leave for one attempt: the most tokens and dollars that it can take.

    Raises :class:`~shoal.models.errors.BudgetExceeded` when dollars are limited and the price is not known.
    """
    spec = candidate.spec
    if candidate.price is None:
        refuse_unpriced(spec, ask.levels, usd_limited)
    output = output_limit(candidate, ask)
    read = bound_input(ask.request)
    if spec.context_tokens is not None:
        read = min(read, spec.context_tokens - output)  # both together fit into the context, or it is refused
    return Want(
        endpoint=candidate.model.endpoint,
        model=candidate.model.name,
        tokens=read + output,
        usd=most(candidate.price, read, output),
        levels=ask.levels,
        steps=steps,
        task=ask.task,
        priority=ask.priority,
        deadline=ask.deadline,
        about=ask.about,
    )
