from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.blackboard.claim_history import Action, Event, Final
from tests.blackboard.claim_safety import UnsafeClaims, check
from tests.blackboard.simulated_work import Fault, Work, simulate

SEEDS = st.integers(0, 2**32)
POST = Event("p", "post", "a", 0.0, 0.1)


def event(
    worker: str, action: Action, at: float, token: int, *, lease_s: float = 0.0, done: bool = True
) -> Event:
    return Event(worker, action, "a", at, at + 0.1, token, done, lease_s)


def claim(worker: str, at: float, token: int, lease_s: float = 5.0) -> Event:
    return event(worker, "claim", at, token, lease_s=lease_s)


def rejected(*events: Event, finals: dict[str, Final] | None = None) -> str:
    with pytest.raises(UnsafeClaims) as caught:
        check(events, finals)
    return str(caught.value)


# -- what is accepted ------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.sampled_from([0.0, 0.1, 0.3]))
def test_what_workers_record_of_a_correct_board_is_accepted(seed: int, lost: float) -> None:
    work = Work(items=20)
    history = simulate(Random(seed), work, lost=lost)
    check(history, work.finals())
    assert all(final.state == "done" for final in work.finals().values())


def test_a_claim_is_given_anew_after_its_lease_or_after_its_holder_gave_it_up() -> None:
    check([POST, claim("x", 1.0, 1, lease_s=2.0), claim("y", 3.0, 2)])
    check([POST, claim("x", 1.0, 1), event("x", "give back", 2.0, 1), claim("y", 2.05, 2)])
    check([POST, claim("x", 1.0, 1), event("x", "fail", 2.0, 1), claim("y", 2.05, 2)])
    lost = Event("x", "give back", "a", 2.0, None, 1)
    check([POST, claim("x", 1.0, 1), lost, claim("y", 2.05, 2)])


def test_a_late_completion_that_was_refused_is_fine() -> None:
    late = event("x", "complete", 5.0, 1, done=False)
    check([POST, claim("x", 1.0, 1, lease_s=2.0), claim("y", 4.0, 2), late, event("y", "complete", 6.0, 2)])


def test_a_completion_may_be_asked_for_again() -> None:
    first = Event("x", "complete", "a", 2.0, None, 1)
    again = event("x", "complete", 30.0, 1)
    check([POST, claim("x", 1.0, 1), first, again], {"a": Final("done", 1)})


def test_a_lease_may_run_out_sooner_by_the_boards_clock_when_that_is_allowed() -> None:
    history = [POST, claim("x", 1.0, 1, lease_s=2.0), claim("y", 2.7, 2)]
    check(history, slack_s=0.5)
    with pytest.raises(UnsafeClaims, match="two holders"):
        check(history)


def test_a_claim_that_nobody_got_the_answer_to_may_show_at_last() -> None:
    lost = Event("x", "claim", "", 1.0, lease_s=5.0)
    check([POST, lost], {"a": Final("claimed", 4)})
    assert "last token is 4" in rejected(POST, finals={"a": Final("claimed", 4)})


# -- what is rejected ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "shows"),
    [
        ("takes old tokens", "token"),
        ("forgets leases", "two holders"),
        ("gives one token twice", "two claims have one token"),
        ("loses an item", "lost: it was posted"),
        ("completes again", "completed"),
    ],
)
@pytest.mark.parametrize("lost", [0.0, 0.2])
def test_a_board_with_a_fault_is_found_out(fault: Fault, shows: str, lost: float) -> None:
    work = Work(20, fault)
    history = simulate(Random(5), work, lost=lost)
    with pytest.raises(UnsafeClaims, match=shows):
        check(history, work.finals())


def test_two_holders_are_found_while_the_lease_of_the_first_runs() -> None:
    assert "two holders: x surely had it until 6.0" in rejected(POST, claim("x", 1.0, 1), claim("y", 5.0, 2))


def test_two_holders_are_found_while_a_renewed_lease_runs() -> None:
    renewed = event("x", "renew", 5.0, 1, lease_s=5.0)
    check([POST, claim("x", 1.0, 1), renewed, claim("y", 10.0, 2)])
    assert "two holders" in rejected(POST, claim("x", 1.0, 1), renewed, claim("y", 9.0, 2))


def test_an_old_token_that_is_accepted_is_found_long_after_its_lease() -> None:
    for action in ("renew", "complete", "fail", "give back"):
        old = event("x", action, 20.0, 1, lease_s=5.0 if action == "renew" else 0.0)
        assert "two holders" in rejected(POST, claim("x", 1.0, 1), claim("y", 7.0, 2), old)


def test_a_second_completion_is_found() -> None:
    first, second = event("x", "complete", 2.0, 1), event("y", "complete", 9.0, 2)
    text = rejected(POST, claim("x", 1.0, 1), first, claim("y", 8.0, 2), second)
    assert "completed twice" in text
    assert "claimed although it was completed" in text


def test_an_item_in_use_after_its_completion_is_found() -> None:
    history = [POST, claim("x", 1.0, 1), event("x", "complete", 2.0, 1), event("x", "fail", 3.0, 1)]
    assert "in use although" in rejected(*history)


def test_a_holder_that_is_refused_within_its_lease_is_found() -> None:
    refused = event("x", "renew", 3.0, 1, lease_s=5.0, done=False)
    assert "refused to its holder" in rejected(POST, claim("x", 1.0, 1), refused)
    check([POST, claim("x", 1.0, 1, lease_s=2.0), refused])


def test_tokens_that_repeat_or_go_back_are_found() -> None:
    other = Event("p", "post", "b", 0.0, 0.1)
    first, second = claim("x", 1.0, 5), claim("y", 2.0, 5)._replace(item="b")
    assert "two claims have one token" in rejected(POST, other, first, second)
    assert "tokens went back" in rejected(POST, other, first, second._replace(token=4))
    check([POST, other, first, second._replace(token=4, called=1.05)])


def test_a_token_that_nobody_was_given_is_found() -> None:
    assert "nobody was given" in rejected(POST, claim("x", 1.0, 1), event("x", "complete", 2.0, 3))


def test_an_item_that_was_claimed_before_it_was_posted_is_found() -> None:
    assert "before anybody posted it" in rejected(claim("x", 1.0, 1), POST._replace(called=2.0, returned=2.1))


def test_an_item_that_was_posted_and_is_not_there_at_last_is_lost() -> None:
    assert "lost: it was posted" in rejected(POST, finals={})
    withdrawn = Event("p", "withdraw", "a", 1.0, 1.1)
    check([POST, withdrawn], {})
    assert "still there" in rejected(POST, withdrawn, finals={"a": Final("open")})
    check([POST._replace(returned=None)], {})


def test_an_item_at_last_has_to_agree_with_who_completed_it() -> None:
    claimed, completed = claim("x", 1.0, 1), event("x", "complete", 2.0, 1)._replace(result="mine")
    check([POST, claimed, completed], {"a": Final("done", 1, "mine")})
    assert "completed, and open at last" in rejected(POST, claimed, completed, finals={"a": Final("open", 1)})
    assert "nobody completed it so" in rejected(POST, claimed, finals={"a": Final("done", 1)})
    assert "the result 'other'" in rejected(POST, claimed, completed, finals={"a": Final("done", 1, "other")})
    assert "its last token is 0" in rejected(POST, claimed, finals={"a": Final("open", 0)})
    assert "nobody posted it" in rejected(finals={"a": Final("open")})


def test_an_event_that_returned_before_it_was_called_is_refused_as_a_record() -> None:
    with pytest.raises(ValueError, match="before it was called"):
        check([POST._replace(returned=-1.0)])


def test_a_fault_is_shown_with_the_events_that_make_it() -> None:
    assert rejected(POST, claim("x", 1.0, 1), claim("y", 5.0, 2)).splitlines() == [
        "two holders: x surely had it until 6.000000:",
        "  1.000000 .. 1.100000  x claim 'a' with token 1 for 5 s -> done",
        "  5.000000 .. 5.100000  y claim 'a' with token 2 for 5 s -> done",
    ]
