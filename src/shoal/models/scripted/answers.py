"""What a script may answer, and how it becomes a :class:`Reply`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from pydantic import BaseModel

from shoal.models.chat import ChatResponse, Finish, ToolCall, Usage
from shoal.models.errors import ModelError
from shoal.runtime.errors import ConfigError

Answer = Any
"""A string; a Pydantic object (answered as JSON); a tool call or several (:func:`wants`); a
:class:`~shoal.models.errors.ModelError` (raised, as a fresh copy); a :class:`ChatResponse`; or a :class:`Reply`."""


@dataclass(frozen=True, slots=True)
class Latency:
    """How long an answer takes."""

    first_token_s: float = 0.0
    """Median seconds to the first piece."""
    spread: float = 0.0
    """Sigma of its log-normal distribution; 0: always the median. 0.5: one in twenty takes more than 2.3 times it."""
    tokens_per_s: float | None = None
    """How fast the rest comes; ``None``: at once."""

    def first(self, random: Random) -> float:
        """Seconds to the first piece."""
        return (
            self.first_token_s * random.lognormvariate(0.0, self.spread)
            if self.spread
            else self.first_token_s
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in full. ``error`` comes after ``text``: with both, the answer breaks off."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish: str = ""
    """Empty: ``tool_calls`` where there are some, else ``stop``."""
    usage: Usage | Literal["count", "missing"] = "count"
    """``count``: estimated from the texts, and given as if the server had counted; ``missing``: none is given."""
    latency: Latency | None = None
    """``None``: the model's own."""
    error: ModelError | None = None
    refusal: str = ""


def wants(tool: str, /, **arguments: Any) -> ToolCall:
    """A tool call, to answer with: ``wants("add", a=1, b=2)``. Its id is given when it is answered."""
    return ToolCall(id="", name=tool, arguments=json.dumps(arguments))


def as_reply(answer: Answer) -> Reply:
    """An answer in full. Raises :class:`ConfigError` for what is none."""
    if isinstance(answer, Reply):
        return answer
    if isinstance(answer, str):
        return Reply(answer)
    if isinstance(answer, ModelError):
        return Reply(error=answer)
    if isinstance(answer, ToolCall):
        return Reply(tool_calls=(answer,))
    if isinstance(answer, ChatResponse):
        finish = "" if answer.finish is Finish.STOP else answer.finish.value
        return Reply(answer.text, answer.tool_calls, finish, answer.usage)
    if isinstance(answer, BaseModel):
        return Reply(answer.model_dump_json())
    if isinstance(answer, Sequence) and answer and all(isinstance(one, ToolCall) for one in answer):
        return Reply(tool_calls=tuple(answer))
    raise ConfigError(
        f"a scripted model cannot answer {answer!r}: give a string, a Pydantic object, tool calls, a ModelError, "
        "a ChatResponse or a Reply"
    )
