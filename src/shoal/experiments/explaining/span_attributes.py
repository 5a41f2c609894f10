"""A trace's nodes in the words of OpenTelemetry: names, kinds and attributes of spans. Pure, without its library.

Model calls and tools are named as the semantic conventions for generative AI have it
(opentelemetry.io/docs/specs/semconv/gen-ai, status development, as of 1.41); what they have no word for begins with
``shoal.``.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlsplit

from shoal.experiments.explaining.node import Kind, Node, whole
from shoal.experiments.explaining.trace import TaskFacts
from shoal.runtime.redaction import redact, redact_data
from shoal.runtime.terminal.data import type_name

Attribute = str | int | float | bool
_PROVIDERS = (
    ("api.openai.com", "openai"),
    ("openai.azure.com", "azure.ai.openai"),
    ("anthropic.com", "anthropic"),
    ("generativelanguage.googleapis.com", "gcp.gemini"),
    ("aiplatform.googleapis.com", "gcp.vertex_ai"),
    ("amazonaws.com", "aws.bedrock"),
    ("api.mistral.ai", "mistral_ai"),
    ("api.deepseek.com", "deepseek"),
    ("api.groq.com", "groq"),
    ("api.x.ai", "x_ai"),
    ("api.cohere", "cohere"),
    ("perplexity.ai", "perplexity"),
)
_PORTS = {"http": 80, "https": 443}
_MOST_CHARS = 1000


class SpanWords(NamedTuple):
    """What a span is called and says."""

    name: str
    kind: str
    """``internal``, ``client`` or ``consumer``."""
    attributes: dict[str, Attribute]


def words_of(node: Node, facts: TaskFacts) -> SpanWords:
    """The words for a node of a task's trace."""
    attributes: dict[str, Attribute] = {
        "shoal.task": facts.task,
        "shoal.kind": node.kind.value,
        "shoal.outcome": node.outcome,
    }
    if node.agent:
        attributes["gen_ai.agent.name"] = node.agent
    if node.failed:
        attributes["error.type"] = node.outcome or "failed"
    if node.inferred:
        attributes["shoal.inferred"] = True
    match node.kind:
        case Kind.MODEL:
            words = _model(node)
        case Kind.TOOL:
            words = _tool(node)
        case Kind.TASK:
            words = _task(node, facts)
        case Kind.MESSAGE | Kind.DEAD_LETTER | Kind.GAP:
            words = _message(node)
        case _:
            name = f"{node.kind.value} {node.name}".strip()
            words = SpanWords(name, "client" if node.kind is Kind.BOARD else "internal", _plain(node))
    return SpanWords(words.name, words.kind, _present({**attributes, **words.attributes}))


def provider_of(endpoint: str) -> str:
    """The conventions' name of who answers at an endpoint: the host itself where they have none."""
    try:
        host = urlsplit(endpoint if "//" in endpoint else f"//{endpoint}").hostname or ""
    except ValueError:  # a bracket that is not closed
        host = ""
    return next((name for part, name in _PROVIDERS if part in host), host or endpoint or "unknown")


def server_of(endpoint: str) -> tuple[str, int] | None:
    """Host and port that an endpoint's requests go to; ``None`` for what is no URL, as of a scripted model."""
    try:
        parts = urlsplit(endpoint)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:  # a port that is no number, a bracket that is not closed
        return None
    return (parts.hostname, port) if parts.scheme in _PORTS and parts.hostname and port else None


def _model(node: Node) -> SpanWords:
    data = node.data
    model = str(data.get("model") or node.name)
    endpoint = str(data.get("endpoint") or "")
    address, port = server_of(endpoint) or (None, None)
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider_of(endpoint),
        "gen_ai.request.model": model,
        "gen_ai.response.model": data.get("answered_by"),
        "gen_ai.usage.input_tokens": whole(data.get("input_tokens")),
        "gen_ai.usage.output_tokens": whole(data.get("output_tokens")),
        "gen_ai.usage.cache_read.input_tokens": data.get("cached_tokens"),
        "gen_ai.usage.reasoning.output_tokens": data.get("reasoning_tokens"),
        "gen_ai.response.time_to_first_chunk": data.get("first_token_s"),
        "server.address": address,
        "server.port": port,
    }
    rest = {key: value for key, value in data.items() if key not in _IN_CONVENTIONS}
    return SpanWords(f"chat {model}", "client", {**attributes, **_own(rest)})


_IN_CONVENTIONS = frozenset(
    {
        "model",
        "input_tokens",
        "output_tokens",
        "cached_tokens",
        "reasoning_tokens",
        "first_token_s",
        "answered_by",
    }
)


def _tool(node: Node) -> SpanWords:
    name = str(node.data.get("tool") or node.name)
    attributes: dict[str, Attribute] = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name}
    return SpanWords(f"execute_tool {name}", "internal", {**attributes, **_plain(node)})


def _task(node: Node, facts: TaskFacts) -> SpanWords:
    sums = node.sums
    attributes: dict[str, Attribute] = {
        "shoal.team": facts.team,
        "shoal.tag": facts.tag,
        "shoal.attempts": facts.attempts,
        "shoal.messages": sums.messages,
        "shoal.model_requests": sums.calls,
        "shoal.input_tokens": sums.input_tokens,
        "shoal.output_tokens": sums.output_tokens,
        "shoal.usd": sums.usd,
        "shoal.priced": sums.priced,
        "error.type": facts.error,
    }
    return SpanWords(f"task {facts.task}", "internal", attributes)


def _message(node: Node) -> SpanWords:
    attributes: dict[str, Any] = {
        "shoal.message.id": node.message_id,
        "shoal.message.tag": node.name,
        "shoal.message.sender": node.sender,
        "shoal.message.size": node.size,
        "shoal.message.kind": "ask" if node.ask else "tell",
        "shoal.message.queued_s": node.queued_s,
        "shoal.message.attempt": node.attempt,
        "shoal.message.again": node.run_again,
    }
    if node.kind is Kind.GAP:
        name = f"{node.agent or 'somebody'} handles a message that is not journaled"
        return SpanWords(name, "consumer", {"shoal.message.id": node.message_id})
    verb = "handles" if node.kind is Kind.MESSAGE else "does not handle"
    name = f"{node.agent} {verb} {type_name(node.name) or node.name}"
    return SpanWords(name, "consumer", {**attributes, **_plain(node)})


def _plain(node: Node) -> dict[str, Attribute]:
    return _own(node.data)


def _own(data: dict[str, Any]) -> dict[str, Attribute]:
    """Recorded data under names of ours."""
    return {f"shoal.{key}": value for key, value in redact_data(data).items() if isinstance(value, Attribute)}


def _present(attributes: dict[str, Any]) -> dict[str, Attribute]:
    """Those that say something; texts without secrets, and not too long."""
    return {
        key: redact(value)[:_MOST_CHARS] if isinstance(value, str) else value
        for key, value in attributes.items()
        if value is not None and value != ""
    }
