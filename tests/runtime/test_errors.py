"""The error tree: as drawn, and every class of it survives pickling and the way through a reply."""

from __future__ import annotations

import pickle
import re
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.runtime import errors
from shoal.runtime.errors import (
    DeliveryError,
    HandlerError,
    Refused,
    ShoalError,
    UnknownOutcome,
    error_classes,
)
from shoal.runtime.failure import handler_error, pack_error, unpack_error
from tests.runtime.strategies import envelope, natives

CLASSES = sorted(
    (kind for kind in error_classes().values() if kind.__module__ == errors.__name__),
    key=lambda kind: kind.__name__,
)


def drawn_tree() -> dict[str, str | None]:
    """Class and parent of every line of the drawing in the module's docstring."""
    parents: dict[str, str | None] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").split("::", 1)[1].split("\n\nA :class:")[0].splitlines():
        found = re.match(r"^ {4}((?:[│ ] {3}|[├└]── )*)(\w+)", line)
        if found is None:
            continue
        depth = len(found.group(1)) // 4
        del above[depth:]
        parents[found.group(2)] = above[-1] if above else None
        above.append(found.group(2))
    return parents


def test_the_tree_drawn_in_the_docstring_is_the_real_one() -> None:
    real = {kind.__name__: kind.__bases__[0].__name__ if kind is not ShoalError else None for kind in CLASSES}
    assert drawn_tree() == real


def test_every_error_says_when_it_is_raised() -> None:
    assert all(kind.__doc__ and kind.__doc__.endswith((".", ")")) for kind in CLASSES)


def test_no_error_is_certain_and_uncertain_at_once() -> None:
    assert not [kind for kind in CLASSES if issubclass(kind, Refused) and issubclass(kind, UnknownOutcome)]


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_pickles_with_its_text_details_and_envelope(kind: type[ShoalError]) -> None:
    error = kind("what went wrong", field="text", limit=3)
    if isinstance(error, DeliveryError):
        error.envelope = envelope()
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert (str(back), back.details) == ("what went wrong", {"field": "text", "limit": 3})
    assert getattr(back, "envelope", None) == getattr(error, "envelope", None)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_travels_in_a_reply_as_its_class_text_and_details(kind: type[ShoalError]) -> None:
    back = unpack_error(pack_error(kind("what went wrong", field="text", limits=[1, 2.5, None])))
    assert type(back) is kind
    assert (back.text, back.details) == ("what went wrong", {"field": "text", "limits": [1, 2.5, None]})


details = (
    natives(nan=False)
    | st.integers()
    | st.text()
    | st.lists(st.text())
    | st.builds(object)
    | st.sets(st.text())
)


@given(text=st.text(), value=details)
def test_no_detail_keeps_an_error_from_travelling(text: str, value: Any) -> None:
    back = unpack_error(pack_error(HandlerError(text, value=value)))
    assert type(back) is HandlerError
    assert str(back) == text.encode(errors="backslashreplace").decode()
    assert "value" in back.details


@given(payload=st.binary(max_size=60) | natives().map(msgpack.packb))
def test_any_bytes_in_place_of_an_error_are_an_error_that_can_be_shown(payload: bytes) -> None:
    assert isinstance(str(unpack_error(payload)), str)


@given(name=natives(), text=natives(), more=natives() | st.dictionaries(st.text("ab"), natives()))
def test_any_values_in_place_of_an_errors_fields_are_an_error_that_can_be_shown(
    name: Any, text: Any, more: Any
) -> None:
    assert isinstance(str(unpack_error(msgpack.packb([name, text, more]))), str)


def test_an_error_of_a_newer_peer_keeps_its_text() -> None:
    back = unpack_error(msgpack.packb(["FromTheFuture", "what went wrong", {"code": 7}]))
    assert type(back) is ShoalError
    assert (back.text, back.details) == ("what went wrong", {"code": 7})


class AgentStopped(ShoalError):
    """A user's error that happens to be called as one of ours."""


class Priced(ShoalError):
    """A user's error that is made in its own way."""

    def __init__(self, price: int) -> None:
        super().__init__(f"costs {price}", price=price)


def test_a_users_error_of_the_same_name_is_not_taken_for_one_of_ours() -> None:
    assert type(unpack_error(pack_error(errors.AgentStopped("gone")))) is errors.AgentStopped


def test_a_users_error_that_is_made_in_its_own_way_keeps_its_text_and_details() -> None:
    back = unpack_error(pack_error(Priced(3)))
    assert (back.text, back.details) == ("costs 3", {"price": 3})


def test_each_agent_an_error_passed_through_is_named_behind_its_text_whatever_that_says() -> None:
    first = handler_error(ValueError("paid (via card)"), "c", "str")
    through = handler_error(handler_error(first, "b", "str"), "a", "str")
    assert str(through) == "c raised ValueError on str: paid (via card) (via b <- a)"
    assert through.details["via"] == ["b", "a"]


def test_what_a_handler_raised_is_told_by_type_text_and_traceback() -> None:
    try:
        raise KeyError("missing")
    except KeyError as exc:
        error = handler_error(exc, "kw", "test:Ticket")
    assert str(error) == "kw raised KeyError on test:Ticket: 'missing'"
    assert error.details["type"] == "KeyError"
    assert error.details["agent"] == "kw"
    assert 'raise KeyError("missing")' in error.details["traceback"]


def test_of_a_very_long_text_the_beginning_is_kept_and_of_its_traceback_the_end() -> None:
    error = handler_error(ValueError("x" * 100_000 + "the end"), "kw", "str")
    assert str(error).endswith("xxx... (100,007 characters)")
    assert len(str(error)) < 5000
    assert len(error.details["traceback"]) <= 16 * 1024
    assert error.details["traceback"].rstrip().endswith("the end")


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("even this fails")


class Undecodable(Exception):
    def __str__(self) -> str:
        return "no such file: \udcff"


@pytest.mark.parametrize("exc", [Unspeakable(), Undecodable(), SystemExit(3), ValueError(object())])
def test_an_exception_whose_text_cannot_be_read_or_sent_is_still_told(exc: BaseException) -> None:
    back = unpack_error(pack_error(handler_error(exc, "kw", "str")))
    assert isinstance(back, HandlerError)
    assert type(exc).__name__ in str(back)
