"""A member that a language model speaks for: the options of ``shoal.LLMAgent`` in a file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from shoal.experiments.teams.budgets import BudgetSpec
from shoal.experiments.teams.shapes import Shape
from shoal.experiments.teams.strict import OneOf, Strict
from shoal.experiments.teams.use import Found
from shoal.experiments.teams.words import Duration, ImportPath, Names, Text
from shoal.experiments.teams.wrapping import Wrapped


class VotesSpec(Strict):
    """The model is asked several times, and what enough of its answers agree on counts."""

    of: int = Field(ge=2, le=100)
    """Times it is asked."""
    needed: int | None = Field(default=None, ge=1)
    """Answers that must be the same; more than half where nothing is said."""
    by: str = ""
    """The field of the answer that is compared; all of it where nothing is said."""


class MemorySpec(OneOf):
    """What it remembers between messages."""

    beside = ("conversations",)
    whole: Literal[True] | None = None
    """Every message and answer."""
    summary: int | None = Field(default=None, ge=50)
    """The last ones within so many tokens, older ones condensed."""
    typed: ImportPath | None = None
    """One object of this model, written anew with each answer."""
    conversations: int = Field(default=1000, ge=1)
    """Conversations remembered."""


def _votes(value: Any) -> Any:
    return {"of": value} if type(value) is int else value


def _memory(value: Any) -> Any:
    return {"whole": True} if value == "whole" else value


def _cache_kind(value: Any) -> str | None:
    if isinstance(value, bool):
        return "<flag>"
    return "<path>" if isinstance(value, str) else None


Votes = Annotated[VotesSpec, BeforeValidator(_votes, json_schema_input_type=VotesSpec | int)]
Memory = Annotated[MemorySpec, BeforeValidator(_memory, json_schema_input_type=MemorySpec | Literal["whole"])]
Cache = Annotated[
    Annotated[bool, Tag("<flag>")] | Annotated[str, Tag("<path>")],
    Discriminator(
        _cache_kind,
        custom_error_type="cache",
        custom_error_message="it is expected to be true, false, run, or the name of a file",
    ),
]


class LLMSpec(Strict):
    """The options of ``shoal.LLMAgent``. What is not given has a default that fits the member's place in its team."""

    model: str = "default"
    """The name of a model under ``models``."""
    instructions: Text = ""
    """What it is told before anything else, a Jinja2 template over the fields of the message; a text, or a file."""
    input: Shape | None = None
    """The type of its messages; where nothing is said, what its place in the team gives it, else str."""
    output: Shape | None = None
    """The type of its answers; where nothing is said, what its place in the team wants, else str."""
    prompt: Text | None = None
    """Makes the text of a message, a Jinja2 template over its fields; a text, or a file. One that takes nothing of the
    message is an instruction."""
    name: str = ""
    """What it is called in figures and pictures; the member's name where nothing is said."""
    fallback: Names = Field(default=[])
    """Who answers when the model failed for good, in order: names of models, functions by import path, or person."""
    tools: list[Found] = Field(default=[])
    """All that it may use: functions, tools, or what makes them."""
    max_steps: int = Field(default=10, ge=1)
    """Model calls of one message."""
    parallel_tools: int = Field(default=8, ge=1)
    """Tools at once."""
    repetition: int = Field(default=3, ge=0)
    """The same call with the same result so often is a circle."""
    on_repetition: Literal["stop", "escalate"] = "stop"
    """What is done about a circle."""
    repairs: int = Field(default=2, ge=0)
    """How often the model may correct an answer that does not fit."""
    validators: list[Found] = Field(default=[])
    """Functions (answer, message) that return what is wrong, or nothing."""
    votes: Votes | None = None
    """Ask several times, and take what enough agree on: a number, or {of, needed, by}."""
    memory: Memory | None = None
    """What it remembers between messages: whole, {summary: tokens}, or {typed: model}."""
    conversation: str = ""
    """The field of the message that says of which conversation it is."""
    need_input: str | None = None
    """Who is asked when the model needs to know something: person, or the address of an agent."""
    need_input_s: Duration = 3600.0
    """How long whoever is asked may take."""
    approval_s: Duration = 3600.0
    """How long a person may take to approve a consequential tool."""
    budget: BudgetSpec | None = None
    """What it may use in all."""
    per_task: BudgetSpec | None = None
    """What each task in it may use."""
    priority: int = 0
    """Higher goes first where calls have to wait."""
    partial: bool = False
    """Whether an answer that was cut by a time limit will do."""
    cache: Cache | None = None
    """Where identical requests are answered from: true (this process), run, or the name of a file."""
    temperature: float | None = Field(default=None, ge=0)
    """Of the model's choice of words."""
    max_output_tokens: int | None = Field(default=None, ge=1)
    """The limit of an answer."""
    seed: int | None = None
    """Of the model's choice of words, where it takes one."""
    concurrency: int | None = Field(default=None, ge=1)
    """Messages at once; 16 where nothing is said, 1 with a memory."""
    mailbox: int | None = Field(default=None, ge=1)
    """Messages that can wait."""
    overflow: Literal["block", "reject", "drop_oldest"] = "block"
    """What a full mailbox does."""
    handler_timeout_s: Duration | None = None
    """How long one message may take."""
    on_error: Literal["fail", "retry", "restart", "escalate"] = "fail"
    """What is done about an error."""
    retries: int = Field(default=3, ge=0)
    """How often a message is tried again, with on_error: retry."""
    capabilities: list[str] = Field(default=[])
    """What it can do, for a team that chooses by that."""


class LLMMember(Wrapped):
    """A language model."""

    llm: LLMSpec
    """Its options."""
