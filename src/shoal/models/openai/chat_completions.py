"""Chat completions: a request of ours as the openai client takes it, and what comes back as pieces of ours. Pure."""

from __future__ import annotations

import json
from typing import Any

from shoal.models.chat import ChatChunk, ChatMessage, ChatRequest, OutputSchema, Role, ToolCallPart, Usage
from shoal.models.openai.strict_schema import strict_schema
from shoal.models.spec import Model


def arguments_of(request: ChatRequest, spec: Model) -> dict[str, Any]:
    """What ``client.chat.completions.create`` is given, but for what the endpoint's dialect changes."""
    arguments: dict[str, Any] = {
        "model": spec.model,
        "messages": [_message(message) for message in request.messages],
        "max_tokens": request.max_output_tokens or spec.max_output_tokens,
        "stream": spec.stream,
        "temperature": spec.temperature if request.temperature is None else request.temperature,
        "top_p": request.top_p,
        "seed": _seed(spec) if request.seed is None else request.seed,
        "stop": list(request.stop) or None,
        "response_format": _response_format(request.output, spec),
        "stream_options": {"include_usage": True} if spec.stream else None,
        "extra_body": spec.extra_body or None,
    }
    if request.tools:
        arguments["tools"] = [{"type": "function", "function": tool.model_dump()} for tool in request.tools]
        arguments["tool_choice"] = request.tool_choice
        arguments["parallel_tool_calls"] = request.parallel_tool_calls
    return {name: value for name, value in arguments.items() if value is not None}


def readable_arguments(text: str) -> str:
    """The arguments of an earlier tool call as they can be sent. Several servers read them again and fail for good on
    broken JSON, so what is no object is wrapped into one: the model still sees what it wrote."""
    try:
        if isinstance(json.loads(text), dict):
            return text
    except (ValueError, RecursionError):
        pass
    return json.dumps({"unreadable": text})


def schema_of(output: OutputSchema) -> dict[str, Any]:
    """Name, schema and strictness, as both APIs take them."""
    strict = strict_schema(output.json_schema)
    return {"name": output.name, "schema": strict or output.json_schema, "strict": strict is not None}


def pieces_of(answer: Any) -> ChatChunk:
    """A ``ChatCompletionChunk``, or a whole ``ChatCompletion``. A piece without choices is empty but for its usage."""
    first = next((choice for choice in answer.choices or () if not choice.index), None)
    usage = usage_of(answer.usage, "prompt_tokens", "completion_tokens")
    about = ChatChunk(usage=usage, model=text_of(answer.model), id=text_of(answer.id))
    if first is None:
        return about
    about = about._replace(finish=text_of(first.finish_reason))
    said = getattr(first, "delta", None) or getattr(first, "message", None)
    if said is None:
        return about
    return about._replace(
        text=text_of(said.content),
        tool_calls=tuple(_part(call, place) for place, call in enumerate(said.tool_calls or ())),
        refusal=text_of(getattr(said, "refusal", None)),
    )


def usage_of(usage: Any, tokens_in: str, tokens_out: str) -> Usage | None:
    """Tokens as the server counted them; ``None`` where it did not, or counted nothing."""
    into, out = _count(usage, tokens_in), _count(usage, tokens_out)
    if not into and not out:
        return None
    details_in = getattr(usage, f"{tokens_in}_details", None)
    details_out = getattr(usage, f"{tokens_out}_details", None)
    return Usage(
        input_tokens=into,
        output_tokens=out,
        cached_tokens=min(into, _count(details_in, "cached_tokens")),
        reasoning_tokens=min(out, _count(details_out, "reasoning_tokens")),
    )


def text_of(value: Any) -> str:
    """Text, whatever a server sends in its place: nothing, or a list of parts (Mistral)."""
    if isinstance(value, list):
        return "".join(str(part.get("text") or "") for part in value if isinstance(part, dict))
    return str(value) if value else ""


def _count(of: Any, name: str) -> int:
    value = getattr(of, name, None)
    return max(0, value) if isinstance(value, int) else 0


def _message(message: ChatMessage) -> dict[str, Any]:
    if message.role is Role.TOOL:
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.text}
    if not message.tool_calls:
        return {"role": message.role.value, "content": message.text}
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": readable_arguments(call.arguments)},
        }
        for call in message.tool_calls
    ]
    return {"role": message.role.value, "content": message.text or None, "tool_calls": calls}


def _response_format(output: OutputSchema | None, spec: Model) -> dict[str, Any] | None:
    if output is None or spec.structured == "prompt":
        return None
    if spec.structured == "json":
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": schema_of(output)}


def _part(call: Any, place: int) -> ToolCallPart:
    """A piece of a tool call; whole ones have no index, and some servers leave it out of pieces."""
    index = getattr(call, "index", None)
    function = call.function
    return ToolCallPart(
        index=index if isinstance(index, int) else place,
        id=text_of(call.id),
        name=text_of(function.name if function else None),
        arguments=_arguments(function.arguments if function else None),
    )


def _arguments(written: Any) -> str:
    """Some servers send an object where the text of one belongs (Ollama)."""
    return written if isinstance(written, str) else json.dumps(written) if written is not None else ""


def _seed(spec: Model) -> int | None:
    """One of a task is in the request already, where there is a task."""
    return spec.seed if isinstance(spec.seed, int) else None
