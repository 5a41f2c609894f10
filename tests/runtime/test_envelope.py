"""The envelope: what travels comes out the same, ids, and what a message passes on to those it causes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.runtime.envelope import (
    ID_BYTES,
    PATH_KEPT,
    Envelope,
    IdSource,
    Kind,
    Scope,
    asks_waiting,
    derived_id,
    envelope_from_wire,
    scope_of_sends,
)
from shoal.runtime.provenance import Origin
from tests.runtime.strategies import envelope, envelopes, ids, natives, scopes


def plain(message: Envelope) -> tuple[Any, ...]:
    """The envelope as msgpack gives it to the receiver."""
    return (*message[:8], None if message.scope is None else tuple(message.scope))


@given(message=envelopes())
def test_an_envelope_comes_out_of_the_wire_as_it_was(message: Envelope) -> None:
    back = envelope_from_wire(plain(message))
    assert back == message
    assert type(back) is Envelope
    assert back.scope is None or type(back.scope) is Scope


@given(message=envelopes(), field=st.integers(0, 8), value=natives())
def test_an_envelope_with_one_field_replaced_is_one_or_a_value_error(
    message: Envelope, field: int, value: Any
) -> None:
    fields = list(plain(message))
    fields[field] = value
    _accept_or_refuse(tuple(fields))


@given(message=envelopes(), scope=scopes(), field=st.integers(0, 10), value=natives() | st.tuples(natives()))
def test_a_scope_with_one_field_replaced_is_one_or_a_value_error(
    message: Envelope, scope: Scope, field: int, value: Any
) -> None:
    fields = list(scope)
    fields[field] = value
    _accept_or_refuse((*message[:8], tuple(fields)))


def _accept_or_refuse(fields: Any) -> None:
    """What is accepted has the types that handlers, logs and metrics rely on."""
    try:
        message = envelope_from_wire(fields)
    except ValueError:
        return
    scope = message.scope or Scope()
    assert [type(field) for field in message[:8]] == [bytes, int, str, str, str, bytes, int, int]
    assert message.hex_id == message.id.hex()
    assert all(type(step) is str for step in (*scope.path, *scope.asks))
    assert isinstance(scope.hops, int)
    for second in (scope.deadline, scope.answer_by):
        assert second is None or isinstance(second, float)
    assert scope.origin in list(Origin)
    scope_of_sends(message, "agent", scope.origin)
    asks_waiting(message, "agent")


@pytest.mark.parametrize(
    "fields", [None, (), [1] * 9, (1,) * 8, (1,) * 10, b"123456789", {"a": 1}, (*plain(envelope())[:8], ())]
)
def test_what_has_not_the_fields_of_an_envelope_is_a_value_error(fields: Any) -> None:
    with pytest.raises(ValueError, match=r"fields|type"):
        envelope_from_wire(fields)


def test_ids_of_one_process_are_all_different_and_of_one_length() -> None:
    source = IdSource()
    made = [source.fresh() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert {len(message_id) for message_id in made} == {ID_BYTES}


def test_ids_of_two_processes_differ() -> None:
    assert IdSource().fresh() != IdSource().fresh()


@given(cause=ids(), other=ids(), index=st.integers(0, 2**32 - 1), step=st.integers(1, 1000))
def test_a_rerun_derives_the_same_ids_and_no_others(
    cause: bytes, other: bytes, index: int, step: int
) -> None:
    assert derived_id(cause, index) == derived_id(cause, index)
    assert len(derived_id(cause, index)) == ID_BYTES
    assert derived_id(cause, index) != derived_id(cause, (index + step) % 2**32)
    assert cause == other or derived_id(cause, index) != derived_id(other, index)


@given(message=envelopes())
def test_what_a_message_causes_inherits_its_scope_and_counts_the_hop(message: Envelope) -> None:
    before = message.scope or Scope()
    after = scope_of_sends(message, "agent", 2)
    inherited = ("task", "correlation", "deadline", "budget")
    assert [getattr(after, name) for name in inherited] == [getattr(before, name) for name in inherited]
    assert after.trace == (before.trace or message.id)
    assert after.cause == message.id
    assert after.hops == before.hops + 1
    assert after.path == (*before.path, "agent")[-PATH_KEPT:]
    assert after.asks == ()
    assert after.answer_by is None
    assert after.origin == 2


def test_an_ask_waits_behind_the_asks_it_serves_a_tell_only_for_itself() -> None:
    scope = Scope(asks=("a", "b"))
    assert asks_waiting(envelope(kind=Kind.ASK, scope=scope), "c") == ("a", "b", "c")
    assert asks_waiting(envelope(kind=Kind.ASK), "c") == ("c",)
    assert asks_waiting(envelope(kind=Kind.TELL, scope=scope), "c") == ("c",)


def test_a_message_that_is_sent_again_is_the_same_one_attempt_further() -> None:
    message = envelope()
    again = message.retried()
    assert again.attempt == message.attempt + 1
    assert again._replace(attempt=message.attempt) == message
