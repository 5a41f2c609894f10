"""One answer out of its pieces: pure, for every model.

Feed it each :class:`~shoal.models.chat.ChatChunk`, then ask for the ``result``. It is forgiving where servers differ
(pieces of tool calls) and strict where silence would lose something: an answer that just ends, one without choices
and a finish reason that nobody knows are :class:`~shoal.models.errors.ModelMalformed` and carry what came.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shoal.models.chat import ChatChunk, ChatResponse, Finish, ToolCall, ToolCallPart, Usage
from shoal.models.errors import ModelError, ModelMalformed, ModelRefused

Estimate = Callable[[str], Usage]
"""Usage from the text that the model wrote, where the server does not say it."""

_CARRIED = 4_000
"""Characters of a failed answer that its error carries."""

_FINISHES = {
    **dict.fromkeys(
        ("stop", "end_turn", "eos", "eos_token", "stop_sequence", "complete", "completed"), Finish.STOP
    ),
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens", "model_length"), Finish.LENGTH),
    **dict.fromkeys(("tool_calls", "function_call", "tool_use", "tool_call"), Finish.TOOL_CALLS),
}
"""Finish reasons in lower case. OpenAI's are the first of each row; the others are what servers that claim to be
compatible pass on from the model behind them (Anthropic, Gemini, Cohere, Text Generation Inference)."""

_DECLINED = frozenset(
    ("content_filter", "refusal", "safety", "recitation", "blocklist", "prohibited_content", "sensitive")
)


@dataclass
class _Call:
    """A tool call that is still being written."""

    index: int
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)

    def add(self, part: ToolCallPart) -> None:
        self.id = self.id or part.id
        # Some servers write a name in pieces, others repeat the whole of it with each piece.
        if part.name != self.name:
            self.name += part.name
        self.arguments.append(part.arguments)


class Assembler:
    """Collects one answer. ``model`` and ``endpoint`` are what its errors name."""

    def __init__(self, model: str = "", endpoint: str = "") -> None:
        self._about = {"model": model, "endpoint": endpoint}
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._calls: list[_Call] = []
        self._current: dict[int, _Call] = {}
        self._finish = ""
        self._model = ""
        self._id = ""
        self.usage: Usage | None = None
        """What the server says it took; ``None`` as long as it says nothing."""

    @property
    def begun(self) -> bool:
        """Whether anything of the answer itself came."""
        return bool(self._text or self._refusal or self._calls or self._finish)

    @property
    def finished(self) -> bool:
        """Whether a finish reason came."""
        return bool(self._finish)

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._text)

    @property
    def written(self) -> str:
        """All that the model wrote, tool calls included: what its output tokens are estimated from."""
        calls = (f"{call.name}{''.join(call.arguments)}" for call in self._calls)
        return "".join([*self._text, *self._refusal, *calls])

    def feed(self, chunk: ChatChunk) -> None:
        """Add a piece. The last usage that is said counts: some servers say it again and again as it grows."""
        if chunk.text:
            self._text.append(chunk.text)
        if chunk.refusal:
            self._refusal.append(chunk.refusal)
        for part in chunk.tool_calls:
            self._call_of(part).add(part)
        self._finish = chunk.finish or self._finish
        self.usage = chunk.usage or self.usage
        self._model = chunk.model or self._model
        self._id = chunk.id or self._id

    def result(self, estimate: Estimate | None = None) -> ChatResponse:
        """The whole answer. ``estimate`` counts where the server did not say; without it such a usage is zero, and
        marked as estimated like any other.

        Raises :class:`~shoal.models.errors.ModelRefused` when the model or a filter declined, and
        :class:`~shoal.models.errors.ModelMalformed` for an answer without choices, one that ends without a finish
        reason or with an unknown one, and tool calls that name no tool. Each has the usage and what came.
        """
        reason = self._finish.lower()
        refusal = "".join(self._refusal)
        if refusal or reason in _DECLINED:
            raise self._declined(reason, refusal, estimate)
        if not self.begun:
            raise self._malformed("ended without an answer: it has no choices", estimate)
        if not reason:
            raise self._malformed("ended in the middle: there is no finish reason", estimate)
        if reason not in _FINISHES:
            raise self._malformed(f"has the finish reason {self._finish[:40]!r}, which is unknown", estimate)
        calls = self._tool_calls()
        finish = _FINISHES[reason]
        if finish is Finish.LENGTH:
            calls = tuple(call for call in calls if call.name)  # the last one may be cut in its name
        elif not all(call.name for call in calls):
            raise self._malformed("has a tool call without the name of a tool", estimate)
        elif finish is Finish.TOOL_CALLS and not calls:
            if not self._text:
                raise self._malformed("is said to call tools, but there is no call in it", estimate)
            finish = Finish.STOP
        elif finish is Finish.STOP and calls:
            finish = Finish.TOOL_CALLS  # several servers say "stop" all the same
        return self._response(calls, finish, estimate, partial=False)

    def partial(self, estimate: Estimate | None = None) -> ChatResponse:
        """What there is, marked as partial; of tool calls only those whose arguments are whole. Raises nothing."""
        whole = tuple(call for call in self._tool_calls() if call.name and _is_object(call.arguments))
        finish = _FINISHES.get(self._finish.lower(), Finish.LENGTH)
        return self._response(whole, finish, estimate, partial=True)

    # -- parts -------------------------------------------------------------------------------------------------

    def _call_of(self, part: ToolCallPart) -> _Call:
        """The call that a piece belongs to. A new id together with a name begins another one, even where the server
        gives all calls the same index; an id alone does not, since some servers make up one for each piece."""
        call = self._current.get(part.index)
        if call is None or (part.id and part.name and call.id and part.id != call.id):
            call = self._current[part.index] = _Call(part.index)
            self._calls.append(call)
        return call

    def _tool_calls(self) -> tuple[ToolCall, ...]:
        """In the order of their indexes, each with an id of its own: a result is sent back under it."""
        ordered = sorted(self._calls, key=lambda call: call.index)
        taken = {call.id for call in ordered if call.id}
        used: set[str] = set()
        made = []
        for place, call in enumerate(ordered):
            name = call.id
            if not name or name in used:
                name = _free(f"{call.id or 'call'}_{place}", taken)
            used.add(name)
            taken.add(name)
            made.append(ToolCall(id=name, name=call.name, arguments="".join(call.arguments)))
        return tuple(made)

    def _usage(self, estimate: Estimate | None) -> Usage:
        if self.usage is not None:
            return self.usage
        counted = estimate(self.written) if estimate is not None else Usage()
        return counted.model_copy(update={"estimated": True})

    def _response(
        self, calls: tuple[ToolCall, ...], finish: Finish, estimate: Estimate | None, *, partial: bool
    ) -> ChatResponse:
        return ChatResponse(
            text=self.text,
            tool_calls=calls,
            finish=finish,
            usage=self._usage(estimate),
            model=self._model or self._about["model"],
            id=self._id,
            partial=partial,
        )

    def _details(self, estimate: Estimate | None) -> dict[str, Any]:
        usage = self._usage(estimate) if self.usage is not None or estimate is not None else None
        told: dict[str, Any] = {**self._about, "answer_id": self._id, "finish": self._finish}
        told["answer"] = self.text[:_CARRIED]
        told["tool_calls"] = [call.name for call in self._calls]
        return {**told, "usage": usage.model_dump()} if usage else told

    def _malformed(self, what: str, estimate: Estimate | None) -> ModelError:
        return ModelMalformed(f"the answer of {self._named()} {what}", **self._details(estimate))

    def _declined(self, reason: str, refusal: str, estimate: Estimate | None) -> ModelError:
        said = f": {refusal[:500]}" if refusal else ""
        who = "a content filter stopped the answer of" if reason == "content_filter" else "no answer from"
        details = {**self._details(estimate), "refusal": refusal[:_CARRIED]}
        return ModelRefused(f"{who} {self._named()}: it declined{said}", **details)

    def _named(self) -> str:
        return repr(self._about["model"] or self._model or "the model")


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _is_object(text: str) -> bool:
    """Whether it is a whole JSON object. An object says itself where it ends, so what is cut never passes."""
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
