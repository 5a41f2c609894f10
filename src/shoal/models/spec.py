"""What a model is, as data: where it is, what it can, its limits, and what is done when it fails."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Timeouts(_Frozen):
    """How long an answer may take; ``None``: as long as it likes."""

    first_token_s: float | None = Field(default=60.0, gt=0)
    between_tokens_s: float | None = Field(default=30.0, gt=0)
    whole_s: float | None = Field(default=300.0, gt=0)


class Retry(_Frozen):
    """How often a call is tried, and how long the pauses are: exponential with full jitter."""

    attempts: int = Field(default=4, ge=1, le=100)
    """In all, the first included."""
    first_s: float = Field(default=0.5, gt=0)
    """The first pause is random up to this; each later one up to twice the one before."""
    most_s: float = Field(default=30.0, gt=0)
    """No pause is longer, but for a ``Retry-After``, which is kept to."""


class Breaker(_Frozen):
    """When an endpoint is left alone."""

    failures: int = Field(default=5, ge=1)
    """So many within ``within_s`` open it."""
    within_s: float = Field(default=120.0, gt=0)
    open_s: float = Field(default=30.0, gt=0)
    """After that one call probes whether it is well again."""


class Price(_Frozen):
    """US dollars for a million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(default=None, ge=0)
    """Of cached input; ``None``: as other input."""


class Rates(_Frozen):
    """What the endpoint is asked for at most, by everybody in the cluster together; ``None``: no limit."""

    rpm: int | None = Field(default=None, ge=1)
    """Requests a minute."""
    tpm: int | None = Field(default=None, ge=1)
    """Tokens a minute, input and the limit of the output."""
    concurrency: int | None = Field(default=None, ge=1)
    """Calls at one time."""


class Model(_Frozen):
    """A model behind an OpenAI-compatible endpoint, or a scripted one."""

    model: str
    """Its name at the endpoint."""
    base_url: str | None = None
    """Where the endpoint is, as ``http://127.0.0.1:8000/v1``; ``None``: the openai client's own default."""
    provider: Literal["openai", "scripted"] = "openai"
    script: str = ""
    """Of ``scripted``: where its rules are, as ``package.module:name``."""
    api: Literal["chat", "responses"] = "chat"
    """Chat completions, or OpenAI's Responses API."""
    stream: bool = True
    """Streamed calls stop at the server when they are cancelled; others go on there, and cost."""
    api_key_env: str = "OPENAI_API_KEY"
    """The environment variable that holds the key: the key itself is never part of a specification. When it is not
    set, local endpoints (loopback) are called with a placeholder, for others it is an error."""
    structured: Literal["schema", "json", "prompt"] = "schema"
    """How an output schema is sent: as ``json_schema``, as ``json_object`` with the schema in the prompt, or in the
    prompt only."""
    context_tokens: int | None = Field(default=None, ge=1)
    """How many tokens fit, input and output; ``None``: not known."""
    max_output_tokens: int = Field(default=1024, ge=1)
    """The limit of an answer where the request names none: what is reserved before a call."""
    temperature: float | None = Field(default=None, ge=0)
    seed: int | Literal["task"] | None = None
    """Sent with each request; ``task``: another for each task and agent, made of the system's seed (``ctx.seed``), so
    that a run with the same seed asks the same. An endpoint need not care."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Further fields of the request, for what only this endpoint knows."""
    timeouts: Timeouts = Timeouts()
    retry: Retry = Retry()
    breaker: Breaker = Breaker()
    hedge_after_s: float | None = Field(default=None, gt=0)
    """Ask a second time when the first token took so long, and take the answer that comes first. Costs double then."""
    price: Price | None = None
    """``None``: from the price table."""
    rates: Rates = Rates()

    @property
    def endpoint(self) -> str:
        """What limits and breaker count by: address, model and the name of the key's variable."""
        return f"{self.base_url or 'default'}#{self.model}@{self.api_key_env}"
