"""Every failure of the openai client, and of the HTTP library under it, as one of ours.

The client lets three kinds through that are no error of its own: JSON that does not parse (a raw ``JSONDecodeError``,
also in the middle of a stream), a page with status 200 (a plain ``str``) and a stream that just ends. The first two are
mapped here, the third by :class:`~shoal.models.assembling.Assembler`.

An error of ours has ``model``, ``endpoint``, ``status``, ``request_id``, ``retry_after_s`` and ``usage`` where they are
known, and never the key: where a server repeats it, it is cut out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
import openai

from shoal.models.chat import Usage
from shoal.models.errors import (
    ContextTooLong,
    ModelError,
    ModelMalformed,
    ModelRefused,
    ModelRejected,
    ModelUnavailable,
    RateLimited,
)
from shoal.models.openai.complaint import Complaint, complaint_of
from shoal.models.openai.retry_after import retry_after_s


@dataclass(frozen=True, slots=True)
class Call:
    """The call that failed."""

    model: str
    endpoint: str
    base_url: str
    api_key_env: str
    key: str = field(repr=False)
    """To be cut out of whatever is said."""

    def fail(self, kind: type[ModelError], text: str, **details: Any) -> ModelError:
        """An error about it; details that are not known are left out."""
        told = {name: value for name, value in details.items() if value is not None}
        clean = _without(f"model {self.model!r} at {self.base_url} {text}", self.key)
        return kind(clean, model=self.model, endpoint=self.endpoint, **told)


def failure_of(
    error: BaseException,
    call: Call,
    now: float,
    *,
    headers: Mapping[str, str] | None = None,
    usage: Usage | None = None,
) -> ModelError:
    """What an exception of the client is for us. ``headers`` and ``usage`` are of the answer that it broke off; ``now``
    is the wall clock. Errors of ours are given back as they are."""
    if isinstance(error, ModelError):
        return error
    known = {"usage": usage.model_dump() if usage else None, "request_id": _request_id(headers or {})}
    if isinstance(error, openai.APIStatusError):
        return _of_status(error, call, now)
    if isinstance(error, openai.APIConnectionError):
        return _of_connection(error, call, known)
    if isinstance(error, openai.APIResponseValidationError):
        return call.fail(
            ModelMalformed, "gave an answer that is none", **{**known, "status": error.status_code}
        )
    if isinstance(error, openai.ContentFilterFinishReasonError):
        return call.fail(ModelRefused, "declined: a content filter stopped its answer", **known)
    if isinstance(error, openai.LengthFinishReasonError):
        return call.fail(ModelMalformed, "gave an answer that cannot be read", **known)
    if isinstance(error, openai.APIError):
        return told_in_answer(complaint_of(error.body or error.message), call, known)
    if isinstance(error, openai.OpenAIError):
        return call.fail(ModelRejected, f"was not called: {_first_line(error)}", **known)
    return _of_anything_else(error, call, known)


def told_in_answer(complaint: Complaint, call: Call, known: Mapping[str, Any]) -> ModelError:
    """An error that came inside of a stream, or as the body of a status 200."""
    status = complaint.status
    kind: type[ModelError] = ModelUnavailable  # it began to answer, so the request was right
    remedy = ""
    if status is not None:
        kind, remedy = _judged(status, complaint, call)
    elif complaint.too_long:
        kind = ContextTooLong
    elif complaint.declined:
        kind = ModelRefused
    text = f"broke off with an error: {complaint.text or 'it does not say which'}{remedy}"
    return call.fail(kind, text, status=status, code=complaint.said_code, **known)


def _of_status(error: openai.APIStatusError, call: Call, now: float) -> ModelError:
    complaint = complaint_of(error.body if error.body is not None else error.message)
    kind, remedy = _judged(error.status_code, complaint, call)
    where = error.response.headers.get("location", "") if 300 <= error.status_code < 400 else ""
    said = complaint.text or (
        f"it redirects to {where.split('?')[0][:200]}" if where else "it does not say why"
    )
    return call.fail(
        kind,
        f"answered {error.status_code}: {said}{remedy}",
        status=error.status_code,
        code=complaint.said_code,
        request_id=_request_id(error.response.headers),
        retry_after_s=retry_after_s(error.response.headers, now),
    )


_REMEDIES = {
    401: "the key in {key} was not accepted",
    402: "its account is used up",
    403: "the key in {key} may not use it",
    404: "is the name of the model right, and base_url (it mostly ends in /v1)?",
    405: "is base_url right (it mostly ends in /v1)?",
}


def _judged(status: int, complaint: Complaint, call: Call) -> tuple[type[ModelError], str]:
    """The class of error, and what to change, behind a dash."""
    if complaint.too_long and status != 429:
        return ContextTooLong, ""
    if status == 413 or (status == 429 and complaint.too_large_for_rate):
        return ContextTooLong, " - the request is too large: shorten the conversation"
    if status == 429:
        if complaint.out_of_quota:
            return ModelRejected, " - the account's quota is used up, waiting does not help"
        return RateLimited, ""
    if status in (408, 409, 425) or (status >= 500 and status != 501):
        return ModelUnavailable, ""
    if complaint.declined:
        return ModelRefused, ""
    remedy = _REMEDIES.get(status, "").format(key=call.api_key_env)
    if 300 <= status < 400:
        remedy = "redirects are not followed: set base_url to where it is"
    elif complaint.names("response_format"):
        remedy = 'where it knows no such format, say structured="json" or "prompt"'
    return ModelRejected, f" - {remedy}" if remedy else ""


_BROKEN = (
    (httpx2.ConnectTimeout, "could not be connected to in time"),
    (httpx2.ConnectError, "cannot be connected to"),
    (httpx2.TimeoutException, "did not answer in time"),
    (httpx2.RemoteProtocolError, "broke the connection, or spoke no HTTP"),
    (httpx2.ReadError, "broke the connection"),
    (httpx2.WriteError, "broke the connection"),
)


def _of_connection(error: openai.APIConnectionError, call: Call, known: Mapping[str, Any]) -> ModelError:
    cause = error.__cause__
    if isinstance(cause, httpx2.DecodingError):
        return _of_anything_else(cause, call, known)
    if isinstance(cause, httpx2.LocalProtocolError | httpx2.UnsupportedProtocol | httpx2.TooManyRedirects):
        return call.fail(ModelRejected, f"was not called: {_first_line(cause)}", **known)
    said = next((text for kind, text in _BROKEN if isinstance(cause, kind)), "cannot be reached")
    why = f": {_first_line(cause)}" if cause is not None and str(cause) else ""
    return call.fail(ModelUnavailable, f"{said}{why}", **known)


def _of_anything_else(error: BaseException, call: Call, known: Mapping[str, Any]) -> ModelError:
    """What is no error of the client at all, but comes out of it."""
    if isinstance(error, httpx2.InvalidURL):
        return call.fail(ModelRejected, f"was not called: {_first_line(error)}", **known)
    if isinstance(error, httpx2.DecodingError):
        return call.fail(ModelMalformed, "sent a body that cannot be unpacked", **known)
    if isinstance(error, httpx2.HTTPError | httpx2.StreamError | OSError):
        return call.fail(ModelUnavailable, f"broke the connection: {_first_line(error)}", **known)
    if isinstance(
        error, ValueError | RecursionError
    ):  # JSON, also nested too deep, and text that is no UTF-8
        return call.fail(ModelMalformed, f"sent what cannot be read: {_first_line(error)}", **known)
    what = f"{type(error).__name__}: {_first_line(error)}"
    return call.fail(ModelRejected, f"could not be called: {what}", **known)


def _request_id(headers: Mapping[str, str]) -> str | None:
    return headers.get("x-request-id") or headers.get("request-id")


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0][:300]


def _without(text: str, key: str) -> str:
    return text.replace(key, "[key]") if len(key) >= 8 else text
