"""What an LLM agent is made of, checked: the data behind :class:`~shoal.actors.llm.llm_agent.LLMAgent`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shoal.actors.llm.dialogue import Rules
from shoal.actors.llm.instructions import Instructions
from shoal.actors.llm.memory import Memory
from shoal.actors.llm.output_shape import OutputShape
from shoal.actors.llm.validators import Validator
from shoal.actors.llm.votes import Votes
from shoal.actors.tools.tool import Tool
from shoal.models.chat import ChatResponse
from shoal.models.chat_model import ChatModel
from shoal.models.permits import Budget
from shoal.models.spec import Model
from shoal.runtime.ref import Ref

PERSON = "person"
"""Who is asked where a person is wanted: whoever answers ``shoal approvals``."""

ModelChoice = str | Model | ChatModel
"""A name of the system's models, a model as data, or one that is there (a scripted one)."""
Fallback = ModelChoice | Callable[[Any], Any]
"""Also a rule: a function of the request that gives the answer."""
OnModel = Callable[[ChatResponse], None]


@dataclass(frozen=True)
class Plan:
    """Everything that does not change while the agent lives."""

    role: str
    model: ModelChoice
    fallback: tuple[Fallback, ...]
    instructions: Instructions
    prompt: Instructions | None
    """Makes the message's text; ``None``: the text itself, or the model's JSON."""
    accepts: Any
    shape: OutputShape
    tools: tuple[Tool, ...]
    rules: Rules
    memory: Memory | None
    conversation: str
    """The field of the message that names its conversation; empty: the agent has one."""
    validators: tuple[Validator, ...]
    votes: Votes | None
    need_input: Ref | str | None
    need_input_s: float
    escalate: bool
    """Whether repetition is told to who is asked for input, instead of ending the dialogue."""
    partial: bool
    budget: Budget | None
    """Of the agent."""
    per_task: Budget | None
    priority: int
    parallel_tools: int
    cache: Any
    approval_s: float

    def rules_for(self, structured: str) -> Rules:
        """The rules for a model that takes output schemas in this way."""
        with_schema = structured != "prompt"
        words = "" if with_schema and not self.tools and structured == "schema" else self.shape.in_words()
        return replace_rules(self.rules, self.shape, with_schema, words)


def replace_rules(rules: Rules, shape: OutputShape, with_schema: bool, words: str) -> Rules:
    """The rules with the output as it is asked for."""
    return rules._replace(output=shape.schema if with_schema else None, output_words=words)
