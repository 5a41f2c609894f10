from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.models.calling.breaker import Event, Phase, State, decide, wait_s
from shoal.models.calling.breakers import Breakers
from shoal.models.errors import CircuitOpen
from shoal.models.spec import Breaker

RULE = Breaker()


def failed(times: list[float], rule: Breaker = RULE) -> State:
    state = State()
    for at in times:
        state = decide(rule, state, Event.FAILED, at).state
    return state


def test_five_failures_in_two_minutes_open_it() -> None:
    assert failed([0, 20, 40, 60]).phase is Phase.CLOSED
    assert failed([0, 20, 40, 60, 119]).phase is Phase.OPEN


def test_five_failures_in_more_than_two_minutes_do_not_open_it() -> None:
    assert failed([0, 40, 80, 120, 160]).phase is Phase.CLOSED


def test_an_open_one_lets_nobody_through_until_its_time_is_over_and_then_one_probe() -> None:
    state = failed([0.0] * 5)
    assert not decide(RULE, state, Event.ASKED, 29.9).allowed
    assert wait_s(RULE, state, 10.0) == 20.0
    first = decide(RULE, state, Event.ASKED, 30.0)
    assert (first.allowed, first.probe, first.state.phase) == (True, True, Phase.HALF_OPEN)
    assert not decide(RULE, first.state, Event.ASKED, 30.1).allowed


def test_a_probe_that_succeeds_closes_it_and_one_that_fails_opens_it_again() -> None:
    half_open = decide(RULE, failed([0.0] * 5), Event.ASKED, 30.0).state
    assert decide(RULE, half_open, Event.SUCCEEDED, 31.0, probe=True).state == State()
    again = decide(RULE, half_open, Event.FAILED, 31.0, probe=True).state
    assert (again.phase, again.since) == (Phase.OPEN, 31.0)


def test_a_probe_that_is_given_up_leaves_its_place_to_the_next() -> None:
    half_open = decide(RULE, failed([0.0] * 5), Event.ASKED, 30.0).state
    freed = decide(RULE, half_open, Event.GIVEN_UP, 31.0, probe=True).state
    assert decide(RULE, freed, Event.ASKED, 31.0).probe


def test_a_probe_that_never_reports_is_replaced_after_the_same_time_again() -> None:
    half_open = decide(RULE, failed([0.0] * 5), Event.ASKED, 30.0).state
    assert not decide(RULE, half_open, Event.ASKED, 59.9).allowed
    assert decide(RULE, half_open, Event.ASKED, 60.0).probe


def test_calls_from_before_it_opened_say_nothing_when_it_is_half_open() -> None:
    half_open = decide(RULE, failed([0.0] * 5), Event.ASKED, 30.0).state
    for event in (Event.SUCCEEDED, Event.FAILED, Event.GIVEN_UP):
        assert decide(RULE, half_open, event, 31.0, probe=False).state == half_open


STEPS = st.lists(
    st.tuples(
        st.sampled_from([*Event]),
        st.floats(min_value=0, max_value=100, allow_nan=False),
        st.booleans(),
    ),
    max_size=60,
)


@given(STEPS, st.integers(min_value=1, max_value=6))
def test_whatever_happens_an_open_one_lets_nobody_through_before_its_time(
    steps: list[tuple[Event, float, bool]], failures: int
) -> None:
    rule = Breaker(failures=failures, within_s=50, open_s=30)
    state, now, opened = State(), 0.0, None
    for event, later, probe in steps:
        now += later
        before = state
        decision = decide(rule, state, event, now, probe=probe)
        state = decision.state
        if before.phase is not Phase.OPEN and state.phase is Phase.OPEN:
            assert event is Event.FAILED
            opened = now
        if decision.allowed and before.phase is Phase.OPEN:
            assert opened is not None
            assert now - opened >= rule.open_s
            assert decision.probe
        assert len(state.failures) < rule.failures
        assert decision.allowed is False or event is Event.ASKED


@given(STEPS)
def test_whatever_happened_an_endpoint_is_probed_again_when_nobody_has_heard_of_it_for_long_enough(
    steps: list[tuple[Event, float, bool]],
) -> None:
    state, now = State(), 0.0
    for event, later, probe in steps:
        now += later
        state = decide(RULE, state, event, now, probe=probe).state
    assert decide(RULE, state, Event.ASKED, now + RULE.open_s).allowed


@given(STEPS)
def test_there_are_never_two_probes_within_the_open_time(steps: list[tuple[Event, float, bool]]) -> None:
    state, now = State(), 0.0
    out_since: float | None = None
    for event, later, probe in steps:
        now += later
        decision = decide(RULE, state, event, now, probe=probe)
        if decision.probe:
            assert out_since is None or now - out_since >= RULE.open_s
            out_since = now
        elif event is not Event.ASKED and probe:
            out_since = None
        state = decision.state


def test_the_breakers_of_a_process_show_their_phases_and_name_the_endpoint() -> None:
    now, gauge = [0.0], dict[str, int]()
    breakers = Breakers(lambda: now[0], gauge)
    for _ in range(5):
        breakers.ask("there", "m", RULE).end(Event.FAILED)
    assert gauge == {"there": 2}
    with pytest.raises(CircuitOpen) as caught:
        breakers.ask("there", "m", RULE)
    assert caught.value.retry_after_s == 30.0
    assert caught.value.details["endpoint"] == "there"
    assert not caught.value.counts_against
    now[0] = 30.0
    probe = breakers.ask("there", "m", RULE)
    assert gauge == {"there": 1}
    probe.end(Event.SUCCEEDED)
    probe.end(Event.FAILED)
    assert gauge == {"there": 0}
    assert breakers.phase("elsewhere") is Phase.CLOSED
