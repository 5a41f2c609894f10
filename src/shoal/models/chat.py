"""The words of a model call: messages, tools, a request, and what comes back.

They are the same for every model. A request holds only what every OpenAI-compatible endpoint understands; an answer
comes as :class:`ChatChunk` s, which :class:`~shoal.models.assembling.Assembler` makes one :class:`ChatResponse` of.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from shoal.runtime.codec import message


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class ToolCall(_Frozen):
    """A tool that the model wants called."""

    id: str
    """The model's own name for this call; its result is sent back under it."""
    name: str
    arguments: str
    """JSON as the model wrote it: it may be broken."""


class ChatMessage(_Frozen):
    """One message of a conversation."""

    role: Role
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    """Of the assistant: what it wants called."""
    tool_call_id: str = ""
    """Of a tool: which call this is the result of."""


class ToolSpec(_Frozen):
    """A tool as a model sees it."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = Field(default_factory=lambda: {"type": "object", "properties": {}})
    """JSON schema of its arguments: an object."""


class OutputSchema(_Frozen):
    """The shape that an answer must have."""

    name: str
    json_schema: dict[str, Any]


class ChatRequest(_Frozen):
    """What a model is asked."""

    messages: tuple[ChatMessage, ...]
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: Literal["auto", "required", "none"] = "auto"
    parallel_tool_calls: bool = True
    output: OutputSchema | None = None
    """Sent as the endpoint understands it; ``None``: free text."""
    max_output_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, gt=0, le=1)
    seed: int | None = None
    stop: tuple[str, ...] = ()


@message("shoal.Usage")
class Usage(_Frozen):
    """Tokens of one call or of many."""

    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    """What the model wrote, thinking included."""
    cached_tokens: int = Field(default=0, ge=0)
    """Those of the input that the server had read before."""
    reasoning_tokens: int = Field(default=0, ge=0)
    """Those of the output that were thinking."""
    estimated: bool = False
    """Whether any of it was counted here, because the server did not say."""

    @property
    def total_tokens(self) -> int:
        """Input and output."""
        return self.input_tokens + self.output_tokens

    def plus(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            estimated=self.estimated or other.estimated,
        )


class Finish(StrEnum):
    """Why the model stopped."""

    STOP = "stop"
    """It was done."""
    LENGTH = "length"
    """The limit of its output was reached: what there is, is cut."""
    TOOL_CALLS = "tool_calls"
    """It wants tools called."""


class ToolCallPart(NamedTuple):
    """A piece of a tool call; pieces of one call have the same ``index``."""

    index: int  # type: ignore[assignment]  # not the tuple's method
    id: str = ""
    name: str = ""
    arguments: str = ""


class ChatChunk(NamedTuple):
    """A piece of an answer as it arrives."""

    text: str = ""
    tool_calls: tuple[ToolCallPart, ...] = ()
    refusal: str = ""
    """The model's own words when it declines."""
    finish: str = ""
    """The server's finish reason, as it says it; in the last piece but, at most, one with the usage."""
    usage: Usage | None = None
    model: str = ""
    """The model that answers, as the server calls it."""
    id: str = ""
    """The server's id of the answer."""


@message("shoal.ChatResponse")
class ChatResponse(_Frozen):
    """A whole answer."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish: Finish = Finish.STOP
    usage: Usage = Usage()
    usd: float = Field(default=0.0, ge=0)
    """What it cost by the price table; of all attempts that were charged."""
    model: str = ""
    id: str = ""
    attempts: int = Field(default=1, ge=1)
    """Calls it took, those that failed included."""
    first_token_s: float = 0.0
    """From the request that succeeded to its first piece."""
    took_s: float = 0.0
    """The same to its end."""
    partial: bool = False
    """Whether it was cut by a time limit and given all the same, because the caller wanted what there was."""
