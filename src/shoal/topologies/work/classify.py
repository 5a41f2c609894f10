"""A classifier: what kind of task a message is. A rule says so first; a model is asked when the rule is not sure. Pure.

The label names a worker, or a capability of workers. Reading what a rule or a model said never fails: what cannot be
read counts as not knowing.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from shoal.runtime.codec import message
from shoal.runtime.errors import ConfigError
from shoal.topologies.wiring.signature import signature_of_function

Rule = Callable[[Any], Any]
"""A message to ``(label, confidence)``, to a label that is certain, or to ``None``: it does not know."""

THRESHOLD = 0.85
"""Of the rule: below it the model is asked. The figure is one that guides to such teams give; measure yours."""
MODEL_THRESHOLD = 0.5
"""Of the model: below it nobody knows. Models are seldom right about how sure they are, so it is not the rule's."""


@message("shoal.Classified")
class Classified(BaseModel):
    """What a classifier says of a message."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    """A worker's name, or a capability; empty: it does not know."""
    confidence: float = Field(default=1.0, ge=0.0, le=1.0)
    """How sure it is."""


UNKNOWN = Classified(label="", confidence=0.0)


@dataclass(frozen=True)
class Classify:
    """How a team of workers finds out what kind of task a message is.

    ``rule``: a function of the message that returns ``(label, confidence)``, a label alone (which is certain), or
    ``None``. ``model``: an agent that takes the message and answers a :class:`Classified`, a text, or any model with a
    field ``label`` (and ``confidence``); it is asked only when the rule is less sure than ``threshold``, and believed
    when it is as sure as ``model_threshold``, or does not say. ``labels``: all that there are, where neither the rule's
    nor the model's annotation (a ``Literal``) says so; other labels then count as not knowing.
    """

    rule: Rule | None = None
    model: Any = None
    threshold: float = THRESHOLD
    model_threshold: float = MODEL_THRESHOLD
    labels: Sequence[str] | None = None

    def validate(self) -> None:
        """Raises :class:`ConfigError` for what cannot classify."""
        if self.rule is None and self.model is None:
            raise ConfigError("classify has neither a rule nor a model; give at least one")
        if self.rule is not None and (not callable(self.rule) or inspect.iscoroutinefunction(self.rule)):
            raise ConfigError(
                f"classify: the rule {self.rule!r} is no plain function of the message; what is async is a model"
            )
        for what, level in (("threshold", self.threshold), ("model_threshold", self.model_threshold)):
            if not 0.0 <= level <= 1.0:
                raise ConfigError(f"classify: {what} is {level}; confidence is from 0 to 1")
        if self.labels is not None and (isinstance(self.labels, str) or not self.labels):
            raise ConfigError(f"classify: labels is {self.labels!r}; give a list of texts, or None")

    def by_rule(self, message: Any) -> Classified:
        """What the rule says. Raises what the rule raises."""
        return UNKNOWN if self.rule is None else read_label(self.rule(message))

    @staticmethod
    def by_model(answer: Any) -> Classified:
        """What the model's answer says."""
        return read_label(answer)

    def is_sure(self, said: Classified) -> bool:
        """Whether the rule's word is enough."""
        return self._is_label(said.label) and said.confidence >= self.threshold

    def is_believed(self, said: Classified) -> bool:
        """Whether the model's word is enough."""
        return self._is_label(said.label) and said.confidence >= self.model_threshold

    def _is_label(self, label: str) -> bool:
        return bool(label) and (self.labels is None or label in self.labels)


def read_label(said: Any) -> Classified:
    """What a rule or a model said, as a :class:`Classified`; ``UNKNOWN`` for what says nothing."""
    if isinstance(said, Classified):
        return said
    if isinstance(said, tuple | list) and len(said) == 2:
        return _classified(said[0], said[1])
    if isinstance(said, BaseModel | dict):
        fields = (
            said
            if isinstance(said, dict)
            else {name: getattr(said, name) for name in type(said).model_fields}
        )
        return _classified(fields.get("label"), fields.get("confidence"))
    return _classified(said, None)


def labels_of(returns: Any) -> tuple[str, ...] | None:
    """The labels that an annotation of a rule's or a model's answer allows; ``None`` when it does not say."""
    if typing.get_origin(returns) is Literal:
        labels = typing.get_args(returns)
        return labels if all(isinstance(label, str) for label in labels) else None
    if typing.get_origin(returns) is tuple:
        return labels_of(typing.get_args(returns)[0])
    if isinstance(returns, type) and issubclass(returns, BaseModel) and "label" in returns.model_fields:
        return labels_of(returns.model_fields["label"].annotation)
    return None


def labels_of_rule(rule: Rule) -> tuple[str, ...] | None:
    """The labels that a rule's annotation allows; ``None`` when it does not say."""
    return labels_of(signature_of_function(rule)[1])


def _classified(label: Any, confidence: Any) -> Classified:
    sure = 1.0 if confidence is None else confidence
    if not isinstance(label, str) or isinstance(sure, bool) or not isinstance(sure, int | float):
        return UNKNOWN
    return Classified(label=label.strip(), confidence=min(1.0, max(0.0, sure))) if sure == sure else UNKNOWN
