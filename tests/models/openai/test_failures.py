"""Each exception of the client is one of ours, and no class of it is forgotten."""

from __future__ import annotations

import json
import pickle
from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.models.chat import Usage
from shoal.models.errors import ModelError, ModelMalformed, ModelRejected, ModelUnavailable
from shoal.models.openai.complaint import complaint_of
from shoal.models.openai.failures import Call, failure_of, told_in_answer

CALL = Call("m", "here#m@KEY", "http://here/v1", "KEY", "sk-secret-0123456789")
REQUEST = httpx2.Request("POST", "http://here/v1")


def all_classes(root: type[BaseException]) -> set[type[BaseException]]:
    found = {root}
    for kind in root.__subclasses__():
        found |= all_classes(kind)
    return found


def of_the_client() -> list[type[BaseException]]:
    """The exceptions that openai exports and those derived from its root, private ones included."""
    exported = [getattr(openai, name) for name in openai.__all__]
    kinds = {kind for kind in exported if isinstance(kind, type) and issubclass(kind, BaseException)}
    derived = {kind for kind in all_classes(openai.OpenAIError) if kind.__module__.startswith("openai.")}
    return sorted(kinds | derived, key=lambda kind: kind.__name__)


def made(kind: Any) -> BaseException:
    """One of this class, however its constructor wants it."""
    status = kind.__dict__.get("status_code", 500)
    response = httpx2.Response(status if isinstance(status, int) else 500, request=REQUEST)
    ways: list[dict[str, Any]] = [
        {"message": "boom", "response": response, "body": None},
        {"response": response, "body": None},
        {"message": "boom", "request": REQUEST, "body": None},
        {"message": "boom", "request": REQUEST},
        {"request": REQUEST},
        {"message": "boom", "unsent_messages": ["x"]},
        {"completion": openai.types.chat.ChatCompletion.construct()},
        {"message": "boom", "response": response},
        {"symbol": "boom"},
        {},
    ]
    for way in ways:
        try:
            return kind(**way)  # type: ignore[no-any-return]
        except TypeError:
            continue
    return kind("boom")  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", of_the_client(), ids=lambda kind: kind.__name__)
def test_every_exception_of_the_client_becomes_one_of_ours(kind: type[BaseException]) -> None:
    error = failure_of(made(kind), CALL, 0.0, usage=Usage(output_tokens=3))
    assert isinstance(error, ModelError)
    assert type(error) is not ModelError
    assert (error.details["model"], error.details["endpoint"]) == ("m", "here#m@KEY")
    assert "model 'm' at http://here/v1" in str(error)


def test_the_list_of_exceptions_is_not_empty_by_mistake() -> None:
    assert {openai.APIConnectionError, openai.RateLimitError, openai.OAuthError} <= set(of_the_client())
    assert len(of_the_client()) >= 20


@pytest.mark.parametrize(
    "kind",
    sorted(all_classes(httpx2.TransportError), key=str),
    ids=lambda kind: kind.__name__,
)
def test_every_failure_of_the_connection_is_mapped_inside_and_outside_of_the_clients_own(kind: Any) -> None:
    ours_alone = (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol)
    outer = openai.APIConnectionError(request=REQUEST)
    outer.__cause__ = kind("boom")
    assert type(failure_of(outer, CALL, 0.0)) is (
        ModelRejected if issubclass(kind, ours_alone) else ModelUnavailable
    )
    assert isinstance(failure_of(kind("boom"), CALL, 0.0), ModelUnavailable)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (json.JSONDecodeError("Expecting value", "<html>", 0), ModelMalformed),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), ModelMalformed),
        (RecursionError("too deep"), ModelMalformed),
        (httpx2.DecodingError("gzip"), ModelMalformed),
        (httpx2.InvalidURL("no"), ModelRejected),
        (ConnectionResetError("peer"), ModelUnavailable),
        (TypeError("not JSON serializable"), ModelRejected),
    ],
)
def test_what_the_client_lets_through_is_mapped_too(error: Exception, kind: type[ModelError]) -> None:
    assert type(failure_of(error, CALL, 0.0)) is kind


def test_an_error_of_ours_stays_as_it_is() -> None:
    ours = ModelUnavailable("x")
    assert failure_of(ours, CALL, 0.0) is ours


def test_errors_cross_processes_with_all_they_carry() -> None:
    response = httpx2.Response(503, headers={"retry-after": "2", "x-request-id": "r"}, request=REQUEST)
    error = failure_of(openai.InternalServerError("boom", response=response, body=None), CALL, 0.0)
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.details) == (type(error), str(error), error.details)
    assert copy.retry_after_s == 2.0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "message", "code", "type", "param", "detail"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(json_values)
def test_whatever_a_server_says_of_its_failure_is_an_error_of_ours(body: Any) -> None:
    error = told_in_answer(complaint_of(body), CALL, {})
    assert isinstance(error, ModelError)
    assert len(str(error)) < 1000
    assert "\n" not in str(error)
