"""Answers of a model, written as the request wants them: chat completions or responses, streamed or not."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.models.openai.wire import DONE, EVENTS, JSON, Gate, Part, Received, Reply, event, usage_of

_number = itertools.count(1)


class Called(NamedTuple):
    """A tool call in an answer."""

    name: str
    arguments: str | Mapping[str, Any] = "{}"
    """A string is sent as it is, broken or not."""
    id: str = ""
    """Empty: one is made up."""


@dataclass(frozen=True)
class Answer:
    """An answer of the model, written as the request wants it."""

    text: str = "ok"
    calls: tuple[Called, ...] = ()
    finish: str | None = None
    """``None``: ``stop``, or ``tool_calls`` where there are some."""
    usage: tuple[int, int] | None = (10, 5)
    """Tokens in and out; ``None``: the server does not say."""
    refusal: str = ""
    pieces: int = 2
    """How many pieces the text of a streamed answer comes in."""
    before: Gate | None = None
    """Held before the first byte."""
    amid: Gate | None = None
    """Held after the first piece of the text (streamed) or in the middle of the body."""
    model: str = "stage-1"
    headers: tuple[tuple[str, str], ...] = field(default=(("x-request-id", "req-stage"),))

    def reply(self, asked: Received) -> Reply:
        """To this request."""
        body = asked.body if isinstance(asked.body, dict) else {}
        responses = asked.path.endswith("/responses")
        if not body.get("stream"):
            whole = json.dumps(_response(self) if responses else _completion(self)).encode()
            middle = len(whole) // 2
            parts: tuple[Part, ...] = (whole,)
            if self.amid:
                parts = (whole[:middle], self.amid, whole[middle:])
            return Reply(200, (*JSON, *self.headers), parts, before=self.before)
        written = _response_events(self) if responses else _chat_chunks(self, _wants_usage(body))
        parts = tuple(written) if responses else (*written, DONE)
        if not self.amid:
            parts = (b"".join(part for part in parts if isinstance(part, bytes)),)
        return Reply(200, (*EVENTS, *self.headers), parts, chunked=True, before=self.before)


Behaviour = Reply | Answer | Callable[[Received], "Reply | Answer"]
"""What a server does with one request."""


def _wants_usage(body: dict[str, Any]) -> bool:
    return bool((body.get("stream_options") or {}).get("include_usage"))


def _calls(answer: Answer) -> list[dict[str, Any]]:
    written = []
    for call in answer.calls:
        arguments = call.arguments if isinstance(call.arguments, str) else json.dumps(call.arguments)
        function = {"name": call.name, "arguments": arguments}
        written.append({"id": call.id or f"call_{next(_number)}", "type": "function", "function": function})
    return written


def _finish(answer: Answer) -> str:
    return answer.finish or ("tool_calls" if answer.calls else "stop")


def _pieces(text: str, count: int) -> list[str]:
    size = max(1, -(-len(text) // max(1, count)))
    return [text[start : start + size] for start in range(0, len(text), size)]


def _completion(answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
    if answer.calls:
        message["tool_calls"] = _calls(answer)
    if answer.refusal:
        message["refusal"] = answer.refusal
    told: dict[str, Any] = {"id": f"chatcmpl-{next(_number)}", "object": "chat.completion", "created": 1}
    told["model"] = answer.model
    told["choices"] = [{"index": 0, "message": message, "finish_reason": _finish(answer)}]
    return {**told, "usage": usage_of(answer.usage)} if answer.usage else told


def _chat_chunks(answer: Answer, with_usage: bool) -> Iterator[Part]:
    head = {
        "id": f"chatcmpl-{next(_number)}",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": answer.model,
    }

    def said(delta: dict[str, Any], finish: str | None = None) -> bytes:
        return event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    for number, piece in enumerate(_pieces(answer.text, answer.pieces) or [""]):
        yield said({"role": "assistant", "content": piece} if number == 0 else {"content": piece})
        if number == 0 and answer.amid:
            yield answer.amid
    if answer.refusal:
        yield said({"refusal": answer.refusal})
    for index, call in enumerate(_calls(answer)):
        arguments = call["function"]["arguments"]
        yield said(
            {"tool_calls": [{"index": index, **call, "function": {**call["function"], "arguments": ""}}]}
        )
        for piece in _pieces(arguments, 2):
            yield said({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield said({}, _finish(answer))
    if answer.usage and with_usage:
        yield event({**head, "choices": [], "usage": usage_of(answer.usage)})


def _response(answer: Answer) -> dict[str, Any]:
    output = [*_said(answer), *(_function_call(call) for call in _calls(answer))]
    reason = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(answer.finish or "")
    told: dict[str, Any] = {"id": f"resp_{next(_number)}", "object": "response", "created_at": 1}
    told["model"] = answer.model
    told["status"] = "incomplete" if reason else "completed"
    told["incomplete_details"] = {"reason": reason} if reason else None
    told["output"] = output
    told |= {"error": None, "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "metadata": {}}
    if answer.usage:
        into, out = answer.usage
        told["usage"] = {"input_tokens": into, "output_tokens": out, "total_tokens": into + out}
        told["usage"]["input_tokens_details"] = {"cached_tokens": 0}
        told["usage"]["output_tokens_details"] = {"reasoning_tokens": 0}
    return told


def _said(answer: Answer) -> list[dict[str, Any]]:
    if not answer.text and not answer.refusal:
        return []
    content: dict[str, Any] = {"type": "output_text", "text": answer.text, "annotations": []}
    if answer.refusal:
        content = {"type": "refusal", "refusal": answer.refusal}
    item = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [content],
    }
    return [item]


def _function_call(call: dict[str, Any]) -> dict[str, Any]:
    called = {"id": f"fc_{call['id']}", "type": "function_call", "call_id": call["id"], "status": "completed"}
    return {**called, **call["function"]}


def _response_events(answer: Answer) -> Iterator[Part]:
    number = itertools.count()

    def said(kind: str, **fields: Any) -> bytes:
        told = {"type": kind, "sequence_number": next(number), **fields}
        return f"event: {kind}\n".encode() + event(told)

    whole = _response(answer)
    yield said("response.created", response={**whole, "status": "in_progress", "output": [], "usage": None})
    for index, item in enumerate(whole["output"]):
        where = {"output_index": index, "item_id": item["id"]}
        empty = (
            {**item, "status": "in_progress", "arguments": ""}
            if "arguments" in item
            else {**item, "content": []}
        )
        yield said("response.output_item.added", output_index=index, item=empty)
        if "arguments" in item:
            for piece in _pieces(item["arguments"], 2):
                yield said("response.function_call_arguments.delta", **where, delta=piece)
        elif answer.refusal:
            yield said("response.refusal.delta", **where, content_index=0, delta=answer.refusal)
        else:
            for at, piece in enumerate(_pieces(answer.text, answer.pieces)):
                yield said("response.output_text.delta", **where, content_index=0, delta=piece, logprobs=[])
                if at == 0 and answer.amid:
                    yield answer.amid
        yield said("response.output_item.done", output_index=index, item=item)
    yield said(f"response.{whole['status']}", response=whole)
