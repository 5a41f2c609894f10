"""How requests go on: the first decision counts, silence is a refusal, and an end is an end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.actors.approvals.errors import (
    ApprovalError,
    DecisionUnfit,
    RequestDecided,
    RequestExpired,
    RequestWithdrawn,
)
from shoal.actors.approvals.lifecycle import Asked, Event, Left, as_of, step
from shoal.actors.approvals.request import Decision, Kind, Request, State
from tests.actors.approvals.requests import decision, request


def test_a_decision_is_kept_with_who_took_it() -> None:
    taken = decision(State.APPROVED, by="ann", note="fine")
    after = step(request(), taken, 10.0)
    assert (after.state, after.decision) == (State.APPROVED, taken)


def test_the_first_decision_counts_and_a_late_one_is_told_which_it_was() -> None:
    first = step(request(), decision(State.REJECTED, by="ann"), 10.0)
    with pytest.raises(RequestDecided, match="was rejected by ann before") as late:
        step(first, decision(State.APPROVED, by="bob"), 11.0)
    assert late.value.details["by"] == "ann"


def test_an_expired_request_cannot_be_approved_even_when_nobody_has_marked_it() -> None:
    pending = request(expires_at=100.0)
    assert as_of(pending, 99.9).state is State.PENDING
    assert as_of(pending, 100.0).state is State.EXPIRED
    with pytest.raises(RequestExpired):
        step(pending, decision(State.APPROVED), 100.0)


def test_a_request_whose_asker_left_cannot_be_decided_until_it_is_asked_again() -> None:
    left = step(request(), Left(), 10.0)
    assert left.state is State.WITHDRAWN
    with pytest.raises(RequestWithdrawn):
        step(left, decision(State.APPROVED), 11.0)
    again = step(left, Asked(request(waits_until=50.0)), 12.0)
    assert (again.state, again.waits_until, again.expires_at) == (State.PENDING, 50.0, left.expires_at)
    assert step(again, decision(State.APPROVED), 13.0).state is State.APPROVED


def test_asking_again_does_not_make_its_time_longer() -> None:
    left = step(request(expires_at=100.0), Left(), 10.0)
    assert step(left, Asked(request(expires_at=500.0)), 100.0).state is State.EXPIRED


def test_another_agent_or_another_tool_does_not_get_the_decision_of_a_request() -> None:
    granted = step(request(), decision(State.APPROVED), 10.0)
    for other in (request(agent="other"), request(subject="other"), request(kind=Kind.MESSAGE)):
        with pytest.raises(ApprovalError, match="cannot take its decision"):
            step(granted, Asked(other), 11.0)


def test_a_question_is_answered_and_an_action_is_not() -> None:
    with pytest.raises(DecisionUnfit, match="is an action: approve, edit, reject it, do not answer it"):
        step(request(), decision(State.ANSWERED, value='"yes"'), 10.0)
    with pytest.raises(DecisionUnfit, match="is a question: answer, reject it, do not approve it"):
        step(request(kind=Kind.INPUT), decision(State.APPROVED), 10.0)


@pytest.mark.parametrize("value", ["[1]", "3", "null", '"text"', "true"])
def test_an_edit_of_another_json_type_is_refused(value: str) -> None:
    with pytest.raises(DecisionUnfit, match="has to be a JSON object"):
        step(request(), decision(State.EDITED, value=value), 10.0)
    assert step(request(), decision(State.EDITED, value='{"other": 1}'), 10.0).state is State.EDITED


@pytest.mark.parametrize("value", [None, "", "{", "nothing"])
def test_an_edit_that_is_no_json_is_refused(value: str | None) -> None:
    with pytest.raises(DecisionUnfit, match="is no JSON"):
        step(request(), decision(State.EDITED, value=value), 10.0)


EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.just(Left()),
    st.just(Asked(request())),
    st.builds(
        decision, st.sampled_from([State.APPROVED, State.REJECTED]), by=st.sampled_from(["ann", "bob"])
    ),
    st.just(decision(State.EDITED, value="{}")),
)


@given(st.lists(st.tuples(EVENTS, st.floats(min_value=0.0, max_value=30.0)), max_size=12))
def test_whatever_happens_a_decision_stays_and_none_is_taken_after_the_end(
    events: list[tuple[Event, float]],
) -> None:
    current, now = request(expires_at=100.0), 0.0
    for event, passed_s in events:
        now += passed_s
        before = as_of(current, now)
        try:
            current = step(current, event, now)
        except ApprovalError:
            assert before.state is not State.PENDING
            continue
        if before.decision is not None or before.state is State.EXPIRED:
            assert current == before
        if current.decision is not None and before.decision is None:
            assert isinstance(event, Decision)
            assert now < current.expires_at
        assert current.id == before.id
        assert isinstance(current, Request)
