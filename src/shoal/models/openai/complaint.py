"""What servers say went wrong, in the words of each: read out of the body of a failed answer. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_SHOWN = 500
"""Characters of a server's text that an error repeats."""


class Complaint(NamedTuple):
    """A server's error."""

    text: str = ""
    code: str = ""
    kind: str = ""
    """Its ``type``."""
    param: str = ""

    @property
    def status(self) -> int | None:
        """The status that it stands for, where it came inside of a stream or with status 200."""
        for word in (self.code, self.kind):
            if word.isdecimal() and 400 <= int(word) < 600:
                return int(word)
        return _STATUS_OF.get(self.code.lower()) or _STATUS_OF.get(self.kind.lower())

    @property
    def said_code(self) -> str | None:
        """The code, where it says more than the status does."""
        return self.code if self.code and not self.code.isdecimal() else None

    @property
    def too_long(self) -> bool:
        """Whether the conversation does not fit into the context."""
        return bool({self.code, self.kind} & _TOO_LONG or _TOO_LONG_TEXT.search(self.text))

    @property
    def too_large_for_rate(self) -> bool:
        """Whether the one request alone is over what may be used in a minute: waiting does not help."""
        return bool(re.search(r"request too large|must be reduced in order to run", self.text, re.IGNORECASE))

    @property
    def out_of_quota(self) -> bool:
        """Whether the account is used up, which no waiting mends."""
        return bool({self.code, self.kind} & _OUT_OF_QUOTA)

    @property
    def declined(self) -> bool:
        """Whether a filter refused the prompt."""
        return bool({self.code, self.kind} & _DECLINED or _DECLINED_TEXT.search(self.text))

    def names(self, parameter: str) -> bool:
        """Whether it is about this parameter of the request."""
        return self.param == parameter or bool(re.search(rf"\b{parameter}\b", self.text))


_STATUS_OF = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "too_many_requests": 429,
    "insufficient_quota": 429,
    "server_error": 500,
    "internal_error": 500,
    "internal_server_error": 500,
    "internalservererror": 500,
    "api_error": 500,
    "service_unavailable": 503,
    "overloaded_error": 529,
    "invalid_request_error": 400,
    "badrequesterror": 400,
    "invalid_prompt": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
}

_TOO_LONG = frozenset(
    (
        "context_length_exceeded",  # OpenAI and those who follow it
        "exceed_context_size_error",  # llama.cpp, as the type
        "string_above_max_length",  # OpenAI
        "model_context_window_exceeded",  # Z.ai
    )
)

_TOO_LONG_TEXT = re.compile(
    r"maximum context length"  # OpenAI, vLLM ("This model's ..."), SGLang ("... exceeds the model's ...")
    r"|longer than the (?:maximum model length|model's context length|context length)"  # older vLLM, SGLang, Ollama
    r"|exceeds? the (?:available context size|context (?:length|size|window)|model's context)"  # llama.cpp, Ollama
    r"|exceeds? (?:maximum )?context (?:length|size|window)"  # Ollama: "input length exceeds maximum context length"
    r"|context (?:size|length|window) (?:has been |is )?exceeded"  # llama.cpp while it generates, LM Studio
    r"|max_tokens must be at least 1, got -"  # older vLLM: nothing is left for the answer
    r"|prompt is too long|maximum prompt length"  # Anthropic and xAI behind gateways
    r"|reduce the length of the (?:messages|prompt|input)",  # Groq, OpenAI
    re.IGNORECASE,
)

_OUT_OF_QUOTA = frozenset(("insufficient_quota", "billing_hard_limit_reached", "billing_not_active"))

_DECLINED = frozenset(
    (
        "content_filter",  # Azure
        "content_policy_violation",
        "moderation_blocked",
        "ResponsibleAIPolicyViolation",  # Azure, inside
        "data_inspection_failed",  # Alibaba
    )
)
_DECLINED_TEXT = re.compile(
    r"content management policy|content[ _]policy|usage polic(?:y|ies)|flagged (?:as|for|by)|was flagged",
    re.IGNORECASE,
)


def complaint_of(body: object) -> Complaint:
    """Out of a body as it was read: OpenAI's ``error`` object or what is in it, Ollama's ``{"error": "text"}``,
    FastAPI's ``detail``, plain text. Of a page for people only that it is one."""
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        if isinstance(inner, Mapping):
            text = inner.get("message") or inner.get("detail") or inner.get("error") or ""
            deeper = inner.get("innererror")
            code = inner.get("code") or (deeper.get("code") if isinstance(deeper, Mapping) else None)
            return Complaint(_line(text), _word(code), _word(inner.get("type")), _word(inner.get("param")))
        return Complaint(_line(inner))
    return Complaint(_line(body))


def is_page(text: str) -> bool:
    """Whether it is HTML."""
    return text.lstrip()[:1] == "<"


def _line(text: object) -> str:
    if text is None:
        return ""
    said = text if isinstance(text, str) else str(text)
    return "an HTML page" if is_page(said) else " ".join(said.split())[:_SHOWN]


def _word(value: Any) -> str:
    return str(value)[:100] if isinstance(value, str | int) and not isinstance(value, bool) else ""
