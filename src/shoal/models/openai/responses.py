"""OpenAI's Responses API: a request of ours as the openai client takes it, and its events as pieces of ours. Pure."""

from __future__ import annotations

from typing import Any

from shoal.models.chat import ChatChunk, ChatMessage, ChatRequest, Role, ToolCallPart
from shoal.models.openai.chat_completions import readable_arguments, schema_of, text_of, usage_of
from shoal.models.openai.complaint import Complaint, complaint_of
from shoal.models.spec import Model


def arguments_of(request: ChatRequest, spec: Model) -> dict[str, Any]:
    """What ``client.responses.create`` is given. Nothing is kept at the server (``store`` is false)."""
    arguments: dict[str, Any] = {
        "model": spec.model,
        "input": [item for message in request.messages for item in _items(message)],
        "max_output_tokens": request.max_output_tokens or spec.max_output_tokens,
        "stream": spec.stream,
        "store": False,
        "temperature": spec.temperature if request.temperature is None else request.temperature,
        "top_p": request.top_p,
        "text": _format(request, spec),
        "extra_body": spec.extra_body or None,
    }
    if request.tools:
        arguments["tools"] = [
            {"type": "function", "strict": False, **tool.model_dump()} for tool in request.tools
        ]
        arguments["tool_choice"] = request.tool_choice
        arguments["parallel_tool_calls"] = request.parallel_tool_calls
    return {name: value for name, value in arguments.items() if value is not None}


def not_known(request: ChatRequest, spec: Model) -> list[str]:
    """What the request or the specification asks for and this API has not."""
    asked = {"stop": bool(request.stop), "seed": request.seed is not None or spec.seed is not None}
    return [name for name, wanted in asked.items() if wanted]


class Events:
    """The events of one streamed response, one after the other."""

    def __init__(self) -> None:
        self.complaint: Complaint | None = None
        """What the server says went wrong; what comes then is no answer."""
        self._written: set[int] = set()
        self._called = False

    def piece(self, event: Any) -> ChatChunk:
        """An event as a piece; one that says nothing is an empty one."""
        match event.type:
            case "response.output_text.delta":
                return ChatChunk(text=text_of(event.delta))
            case "response.refusal.delta":
                return ChatChunk(refusal=text_of(event.delta))
            case "response.output_item.added" if event.item.type == "function_call":
                self._called = True
                return _piece(
                    event.output_index, id=text_of(event.item.call_id), name=text_of(event.item.name)
                )
            case "response.function_call_arguments.delta":
                self._written.add(event.output_index)
                return _piece(event.output_index, arguments=text_of(event.delta))
            case "response.output_item.done" if event.item.type == "function_call":
                return self._whole_call(event)
            case "response.completed" | "response.incomplete":
                return self._end(event.response)
            case "response.failed" | "error":
                failed = event if event.type == "error" else event.response.error
                self.complaint = complaint_of(failed.model_dump() if failed is not None else None)
        return _about(getattr(event, "response", None))

    def _whole_call(self, event: Any) -> ChatChunk:
        """Some servers send the arguments at the end of the call only."""
        if event.output_index in self._written:
            return ChatChunk()
        return _piece(event.output_index, arguments=text_of(event.item.arguments))

    def _end(self, response: Any) -> ChatChunk:
        return _about(response)._replace(finish=_finish(response, self._called))


def whole(response: Any) -> ChatChunk:
    """A response that was not streamed."""
    items = list(response.output or ())
    parts = [part for item in items if item.type == "message" for part in item.content or ()]
    calls = [item for item in items if item.type == "function_call"]
    return _about(response)._replace(
        text="".join(text_of(part.text) for part in parts if part.type == "output_text"),
        refusal="".join(text_of(part.refusal) for part in parts if part.type == "refusal"),
        tool_calls=tuple(
            ToolCallPart(place, text_of(call.call_id), text_of(call.name), text_of(call.arguments))
            for place, call in enumerate(calls)
        ),
        finish=_finish(response, bool(calls)) if items or response.status == "incomplete" else "",
    )


def failed(response: Any) -> Complaint | None:
    """What a response that was not streamed says went wrong."""
    return complaint_of(response.error.model_dump()) if getattr(response, "error", None) is not None else None


def _finish(response: Any, called: bool) -> str:
    if response.status == "incomplete":
        return str(getattr(response.incomplete_details, "reason", None) or "incomplete")
    return "tool_calls" if called else "stop"


def _about(response: Any) -> ChatChunk:
    if response is None:
        return ChatChunk()
    usage = usage_of(getattr(response, "usage", None), "input_tokens", "output_tokens")
    return ChatChunk(usage=usage, model=text_of(response.model), id=text_of(response.id))


def _piece(index: int, *, id: str = "", name: str = "", arguments: str = "") -> ChatChunk:
    return ChatChunk(tool_calls=(ToolCallPart(index, id, name, arguments),))


def _items(message: ChatMessage) -> list[dict[str, Any]]:
    if message.role is Role.TOOL:
        return [{"type": "function_call_output", "call_id": message.tool_call_id, "output": message.text}]
    said = (
        [{"role": message.role.value, "content": message.text}]
        if message.text or not message.tool_calls
        else []
    )
    calls = [
        {
            "type": "function_call",
            "call_id": call.id,
            "name": call.name,
            "arguments": readable_arguments(call.arguments),
        }
        for call in message.tool_calls
    ]
    return [*said, *calls]


def _format(request: ChatRequest, spec: Model) -> dict[str, Any] | None:
    if request.output is None or spec.structured == "prompt":
        return None
    if spec.structured == "json":
        return {"format": {"type": "json_object"}}
    return {"format": {"type": "json_schema", **schema_of(request.output)}}
