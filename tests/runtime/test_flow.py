"""Both ends of a flow alone: numbers, credit, reports. Together, over a lossy network: ``test_link``."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.runtime.envelope import Envelope
from shoal.runtime.flow import INITIAL_CREDIT, FlowReport, InFlow, OutFlow
from tests.runtime.strategies import envelope, flow_reports


def out_flow(messages: int) -> tuple[OutFlow, list[Envelope]]:
    flow = OutFlow("agent")
    sent = [envelope() for _ in range(messages)]
    for message in sent:
        flow.put(message)
    return flow, sent


def take_all(flow: OutFlow) -> None:
    while flow.sendable:
        flow.take(10, 10_000)


def report(received: int, handled: int = 0, credit: int = INITIAL_CREDIT, **fields: object) -> FlowReport:
    early = fields.pop("early", ())
    refused = bool(fields.pop("refused", False))
    return FlowReport("agent", received, handled, early, credit, refused)  # type: ignore[arg-type]


# -- the sending end ------------------------------------------------------------------------------------------


@given(
    many=st.integers(0, 100),
    most=st.integers(1, 20),
    most_bytes=st.integers(1, 1000),
    sizes=st.lists(st.integers(0, 600), min_size=100, max_size=100),
)
def test_batches_hold_consecutive_messages_within_their_limits_and_within_credit(
    many: int, most: int, most_bytes: int, sizes: list[int]
) -> None:
    flow = OutFlow("agent")
    for size in sizes[:many]:
        flow.put(envelope(payload=bytes(size)))
    expected = 1
    while flow.sendable:
        first, taken = flow.take(most, most_bytes)
        assert first == expected
        assert 1 <= len(taken) <= most
        assert len(taken) == 1 or sum(len(message.payload) for message in taken) <= most_bytes
        expected += len(taken)
    assert expected == 1 + min(many, INITIAL_CREDIT)


def test_room_counts_the_messages_that_still_have_credit() -> None:
    flow, _ = out_flow(INITIAL_CREDIT - 1)
    assert flow.room == 1
    flow.put(envelope())
    assert flow.room == 0
    flow.put(envelope())
    assert flow.room == -1
    flow.report(report(0, credit=INITIAL_CREDIT + 5))
    assert flow.room == 4


def test_a_message_is_kept_until_it_is_handled_not_only_received() -> None:
    flow, sent = out_flow(3)
    flow.take(10, 10_000)
    assert flow.report(report(received=3)) == []
    assert list(flow.unacked.values()) == sent
    assert flow.report(report(received=3, handled=2)) == sent[:2]
    assert flow.report(report(received=3, handled=2, early=[3])) == sent[2:]
    assert not flow.unacked


def test_a_message_reported_early_is_not_given_back_again_when_the_others_follow() -> None:
    flow, sent = out_flow(3)
    flow.take(10, 10_000)
    assert flow.report(report(received=3, early=[2])) == [sent[1]]
    assert flow.report(report(received=3, handled=3)) == [sent[0], sent[2]]


def test_a_refusal_sends_everything_again_from_what_was_received() -> None:
    flow, sent = out_flow(5)
    flow.take(10, 10_000)
    flow.report(report(received=2, credit=2, refused=True))
    assert not flow.sendable
    flow.report(report(received=2, credit=4))
    assert flow.take(10, 10_000) == (3, sent[2:4])


def test_after_a_break_everything_not_known_to_be_received_is_sent_again() -> None:
    flow, sent = out_flow(5)
    flow.take(10, 10_000)
    flow.report(report(received=3, handled=1))
    flow.rewind()
    assert flow.take(10, 10_000) == (4, sent[3:])


def test_a_new_receiver_gets_all_that_is_not_handled_renumbered_and_one_attempt_further() -> None:
    flow, sent = out_flow(5)
    flow.take(10, 10_000)
    flow.report(report(received=5, handled=1, early=[3]))
    assert flow.restart() == {2: 1, 4: 2, 5: 3}
    first, again = flow.take(10, 10_000)
    assert first == 1
    assert [message.id for message in again] == [sent[1].id, sent[3].id, sent[4].id]
    assert {message.attempt for message in again} == {2}


def test_what_was_never_sent_is_no_further_attempt_for_a_new_receiver() -> None:
    flow, _ = out_flow(5)
    flow.take(2, 10_000)
    flow.restart()
    assert [message.attempt for message in flow.take(10, 10_000)[1]] == [2, 2, 1, 1, 1]


@given(reports=st.lists(flow_reports()), small=st.lists(flow_reports()), puts=st.integers(0, 80))
def test_no_report_of_a_peer_breaks_the_sending_end(
    reports: list[FlowReport], small: list[FlowReport], puts: int
) -> None:
    flow, sent = out_flow(puts)
    known = {message.id for message in sent}
    given_back: Counter[bytes] = Counter()
    near = [r._replace(received=r.received % 99, handled=r.handled % 99, credit=r.credit % 99) for r in small]
    for each in [*near, *reports]:
        if flow.sendable:
            flow.take(10, 10_000)
        given_back.update(message.id for message in flow.report(each))
    take_all(flow)
    flow.rewind()
    take_all(flow)
    assert set(given_back) <= known
    assert all(times == 1 for times in given_back.values())
    assert flow.received <= puts


def test_what_a_peer_says_is_handled_but_not_received_is_kept() -> None:
    flow, sent = out_flow(3)
    assert flow.report(report(received=1, handled=3, early=[2, 3])) == sent[:1]
    flow.rewind()
    assert flow.take(10, 10_000) == (2, sent[1:])


# -- the receiving end ----------------------------------------------------------------------------------------


@given(
    order=st.permutations(range(1, 25)), reports=st.sets(st.integers(0, 23)), lost=st.sets(st.integers(0, 23))
)
def test_whatever_order_messages_finish_in_their_sender_hears_of_each_and_keeps_none_too_short(
    order: list[int], reports: set[int], lost: set[int]
) -> None:
    receiving, sending = InFlow("agent"), OutFlow("agent")
    for _ in order:
        sending.put(envelope())
        receiving.take()
    finished: set[int] = set()
    for step, number in enumerate(order):
        receiving.finish(number)
        finished.add(number)
        if step in reports:
            said = receiving.report()
            if step in lost:
                receiving.repeat_early()
                continue
            sending.report(said)
            assert set(sending.unacked) == set(range(1, 25)) - finished
    sending.report(receiving.report())
    assert not sending.unacked


def test_a_number_that_finishes_early_is_said_once_unless_reports_were_lost() -> None:
    flow = InFlow("agent")
    for _ in range(5):
        flow.take()
    flow.finish(3)
    flow.finish(5)
    assert list(flow.report().early) == [3, 5]
    assert list(flow.report().early) == []
    flow.repeat_early()
    assert list(flow.report().early) == [3, 5]
    for number in (1, 2):
        flow.finish(number)
    flow.repeat_early()
    last = flow.report()
    assert (last.handled, list(last.early)) == (3, [5])


def test_finishing_a_message_twice_changes_nothing() -> None:
    flow = InFlow("agent")
    for _ in range(3):
        flow.take()
    for number in (1, 1, 3, 3):
        flow.finish(number)
    said = flow.report()
    assert (said.handled, list(said.early)) == (1, [3])


def test_a_refusal_takes_all_credit_back_and_is_said_once() -> None:
    flow = InFlow("agent")
    flow.take()
    flow.refuse()
    assert flow.outstanding == 0
    assert flow.report() == FlowReport("agent", 1, 0, (), 1, refused=True)
    assert not flow.report().refused


def test_credit_once_given_stays_given() -> None:
    flow = InFlow("agent")
    flow.grant(100)
    flow.grant(3)
    assert flow.outstanding == 100


@pytest.mark.parametrize("taken", [0, 1, INITIAL_CREDIT, INITIAL_CREDIT + 7])
def test_a_message_taken_without_credit_leaves_none_rather_than_less_than_none(taken: int) -> None:
    flow = InFlow("agent")
    for _ in range(taken):
        flow.take()
    assert flow.outstanding == max(0, INITIAL_CREDIT - taken)
