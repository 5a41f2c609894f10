"""The link in single situations: what it promises, and what once went wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shoal.runtime.custody import Custody
from shoal.runtime.envelope import Envelope, Kind, Lane
from shoal.runtime.errors import AgentDied
from shoal.runtime.flow import FlowReport
from shoal.runtime.wire import Report
from tests.runtime.link_rig import Rig, messages
from tests.runtime.network import Calls, Pipe, Transport
from tests.runtime.strategies import envelope


@pytest.fixture
def rigs() -> Iterator[type[Rig]]:
    """Makes rigs and closes them."""
    made: list[Rig] = []

    class Kept(Rig):
        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, **kwargs)  # type: ignore[arg-type]
            made.append(self)

    yield Kept
    for rig in made:
        rig.close()


def test_an_idle_link_sends_when_the_loop_turns_without_a_timer(rigs: type[Rig]) -> None:
    rig = rigs()
    [message] = messages(1)
    rig.turns.run(rig.out.put, rig.out.outbox("0"), message, turns=1)
    assert len(rig.line.bag) == 1


def test_what_is_sent_in_one_turn_of_the_loop_goes_as_one_batch(rigs: type[Rig]) -> None:
    rig = rigs()
    rig.put_all(messages(6))
    assert [len(packet.data.groups[0].envelopes) for packet in rig.line.bag] == [6]


def test_what_is_sent_while_batches_are_under_way_goes_as_one_batch(rigs: type[Rig]) -> None:
    rig = rigs()
    for message in messages(2):
        rig.put(message)  # the window is full with these
    rig.put_all(messages(4))
    rig.all_happens()
    assert len(rig.taken) == 6
    assert rig.out._stats.batches.counts[0] == 2
    assert rig.out._stats.batches.counts[2] == 1


def test_a_full_window_holds_back_what_is_sent_until_a_report_comes(rigs: type[Rig]) -> None:
    rig = rigs()
    for message in messages(5):
        rig.put(message)
    assert len(rig.line.bag) == 2
    rig.all_happens()
    assert len(rig.taken) == 5


@pytest.mark.parametrize("kind", [Pipe, Calls])
def test_a_large_first_message_shows_the_receiver_the_way_back(
    rigs: type[Rig], kind: type[Transport]
) -> None:
    rig = rigs(kind)
    rig.put(*messages(1, kind=Kind.ASK, payload=bytes(2000)))
    rig.all_happens()
    assert len(rig.replies) == 1
    assert not rig.out.owed


def test_a_large_message_that_overtakes_its_session_is_not_reported_over_the_transport_before(
    rigs: type[Rig],
) -> None:
    rig = rigs()
    rig.put(*messages(1))
    rig.arrive()
    rig.turns.run(rig.line.attach, Pipe)
    rig.put(*messages(1, payload=bytes(2000)))
    old, new = rig.line.transports
    rig.turns.run(rig.line.deliver, len(rig.line.bag) - 1)
    assert not old.results
    rig.all_happens()
    assert len(rig.taken) == 2
    assert not new.results
    assert not rig.out.owed


def test_nudges_of_an_idle_link_do_not_fill_its_window(rigs: type[Rig]) -> None:
    rig = rigs(Calls)
    for _ in range(10):
        rig.turns.run(rig.out.nudge)
        rig.arrive()
    rig.put(*messages(1))
    rig.all_happens()
    assert len(rig.taken) == 1


@pytest.mark.parametrize("host", [False, True])
def test_a_sender_that_waits_for_credit_does_not_call_in_circles(rigs: type[Rig], *, host: bool) -> None:
    rig = rigs(Calls, capacity=1, senders=2, host=host)
    rig.put(*messages(1), sender=0)
    rig.arrive()
    rig.put(envelope("sender1", recipient="0"), sender=1)
    rig.arrive()
    frames = rig.lines[1].frames
    rig.arrive(50)
    assert rig.lines[1].frames <= frames + 1
    rig.all_happens()
    assert len(rig.taken) == 2


@pytest.mark.parametrize("kind", [Pipe, Calls])
@pytest.mark.parametrize("host", [False, True])
def test_credit_given_while_no_call_is_open_reaches_the_sender_that_waits_for_it(
    rigs: type[Rig], kind: type[Transport], *, host: bool
) -> None:
    rig = rigs(kind, capacity=2, host=host)
    sending = rig.send(*messages(300))
    rig.all_happens()
    assert sending.done()
    assert len(rig.taken) == 300


@pytest.mark.parametrize("host", [False, True])
def test_a_flow_does_not_starve_beside_one_that_has_credit_and_nothing_to_send(
    rigs: type[Rig], *, host: bool
) -> None:
    rig = rigs(capacity=1, senders=2, host=host)
    rig.put(*messages(1), sender=0)
    rig.put(envelope("sender1", recipient="0"), sender=1)
    rig.put(*messages(1), sender=0)
    rig.all_happens()
    rig.send(*messages(20), sender=0)
    rig.all_happens()
    assert len(rig.taken) == 23


def test_a_message_of_the_system_lane_needs_no_credit_from_its_sender(rigs: type[Rig]) -> None:
    rig = rigs(Calls, capacity=1)
    rig.send(*messages(70))
    rig.put(*messages(1, lane=Lane.SYSTEM))
    rig.all_happens()
    assert len(rig.taken) == 71


def test_answers_whose_report_was_lost_come_again_in_the_next_session(rigs: type[Rig]) -> None:
    rig = rigs()
    for message in messages(3, kind=Kind.ASK):
        rig.put(message)
        rig.turns.run(rig.line.deliver, 0)
    rig.handle()
    assert not rig.replies
    rig.turns.run(lambda: rig.line.cut(lose=True, receiver_notices=True))
    rig.turns.run(rig.line.attach, Pipe)
    rig.all_happens()
    assert len({reply.id for reply in rig.replies}) == 3
    assert not rig.out.owed


def test_answers_that_were_heard_do_not_come_again(rigs: type[Rig]) -> None:
    rig = rigs()
    for message in messages(3, kind=Kind.ASK):
        rig.put(message)
        rig.all_happens()
    rig.turns.run(rig.out.nudge)
    rig.arrive()
    rig.turns.run(rig.line.attach, Pipe)
    rig.put(*messages(1))
    rig.all_happens()
    assert len(rig.replies) == 3


def test_answers_too_large_for_one_report_go_in_several_and_in_order(rigs: type[Rig]) -> None:
    rig = rigs(Calls)
    asks = messages(12, kind=Kind.ASK, payload=bytes(1000))
    for message in asks:
        rig.put(message)
    rig.all_happens()
    assert [reply.id for reply in rig.replies] == [message.id for message in asks]
    assert not rig.out.owed


def test_a_report_of_an_earlier_session_changes_nothing(rigs: type[Rig]) -> None:
    rig = rigs()
    rig.put(*messages(1))
    rig.turns.run(rig.line.deliver, 0)
    rig.handle()
    [late] = rig.line.transports
    assert late.results
    rig.turns.run(rig.line.attach, Pipe)
    for result in late.results:
        rig.turns.run(late.returned, result)
    assert rig.out.outbox("0").flow.unacked
    late.results.clear()
    rig.all_happens()
    assert not rig.out.outbox("0").flow.unacked


def test_a_transport_that_breaks_while_it_carries_loses_nothing(rigs: type[Rig]) -> None:
    rig = rigs()

    class Fragile(Pipe):
        def carry(self, frame: bytes, *, large: bool) -> None:
            self.broken = True
            rig.out.detach(self)

    rig.turns.run(rig.line.attach, Fragile)
    for message in messages(3):
        rig.put(message)
    rig.turns.run(rig.line.attach, Pipe)
    rig.all_happens()
    assert len(rig.taken) == 3


def test_custody_ends_when_the_message_is_received_not_before_and_not_when_it_is_handled(
    rigs: type[Rig],
) -> None:
    rig = rigs()
    ended: list[str] = []
    custody = Custody(lambda: ended.append("released"))
    rig.put(*messages(1), custody=custody)
    custody.end()
    assert not ended
    rig.arrive()
    assert ended == ["released"]


def test_a_link_that_failed_gives_back_what_was_not_handled_and_refuses_the_rest(rigs: type[Rig]) -> None:
    rig = rigs(capacity=1)
    sent = messages(66)
    sending = rig.send(*sent)
    ended: list[bool] = []
    custody = Custody(lambda: ended.append(True))
    rig.put(*messages(1, lane=Lane.SYSTEM), custody=custody)
    custody.end()
    rig.arrive(1)
    rig.handle(1)
    rig.arrive(1)
    error = AgentDied("its process died")
    lost: list[Envelope] = []
    rig.turns.run(lambda: lost.extend(rig.out.fail(error)))
    assert [message.id for message in lost][:2] == [sent[1].id, sent[2].id]
    assert isinstance(sending.exception(), AgentDied)
    assert ended == [True]
    assert not rig.out.owed
    with pytest.raises(AgentDied):
        rig.put(*messages(1))


def test_a_repeated_batch_is_counted_and_not_taken_again(rigs: type[Rig]) -> None:
    rig = rigs()
    rig.put(*messages(1))
    rig.turns.run(lambda: rig.line.deliver(0, again=True))
    rig.turns.run(rig.line.attach, Pipe)
    rig.all_happens()
    assert len(rig.taken) == 1
    assert rig.receiver.stats.duplicates == 1


def test_a_batch_of_an_earlier_session_that_comes_late_changes_nothing(rigs: type[Rig]) -> None:
    rig = rigs()
    sent = messages(3)
    rig.put(sent[0])
    rig.put(sent[1])
    late = rig.line.bag[1]
    rig.turns.run(lambda: rig.line.cut(lose=True, receiver_notices=True))
    rig.turns.run(rig.line.attach, Pipe)
    rig.turns.run(rig.line.deliver, 0)
    rig.turns.run(late.way.arrived, late)
    rig.put(sent[2])
    rig.all_happens()
    assert rig.taken == [message.id for message in sent]
    assert not rig.out.owed
    assert not late.way.results


def _without_credit(rig: Rig) -> None:
    """One message is handled and reported so, and no credit is left for another."""
    rig.put(*messages(1))
    rig.line.bag.clear()
    flow = FlowReport("0", received=1, handled=1, early=(), credit=1, refused=False)
    rig.turns.run(rig.out.on_report, Report(1, 1, 1, [flow], []))
    assert not rig.out.owed


def test_who_begins_to_wait_for_credit_while_nothing_is_under_way_asks_for_it(rigs: type[Rig]) -> None:
    rig = rigs(Calls)
    _without_credit(rig)
    waiting = rig.send(*messages(1))
    assert [packet.data.groups for packet in rig.line.bag] == [[]]
    assert rig.out.owed
    flow = FlowReport("0", received=1, handled=1, early=(), credit=2, refused=False)
    rig.turns.run(rig.out.on_report, Report(1, 2, 2, [flow], []))
    assert waiting.done()


def test_a_system_message_without_credit_asks_for_it_while_nothing_is_under_way(rigs: type[Rig]) -> None:
    rig = rigs(Calls)
    _without_credit(rig)
    rig.put(*messages(1, lane=Lane.SYSTEM))
    assert [packet.data.groups for packet in rig.line.bag] == [[]]


def test_a_new_session_asks_for_credit_that_somebody_waits_for(rigs: type[Rig]) -> None:
    rig = rigs()
    _without_credit(rig)
    rig.send(*messages(1))
    rig.line.bag.clear()
    rig.turns.run(rig.line.attach, Pipe)
    assert [packet.data.groups for packet in rig.line.bag] == [[]]


def test_an_answer_does_not_go_back_on_a_call_that_was_made_before_the_transport_changed(
    rigs: type[Rig],
) -> None:
    rig = rigs(Calls)
    rig.put(*messages(1, kind=Kind.ASK))
    rig.arrive()
    for kind in (Pipe, Calls):
        rig.turns.run(lambda: rig.line.cut(lose=True, receiver_notices=True))
        rig.turns.run(rig.line.attach, kind)
        rig.arrive()
    rig.all_happens()
    assert len(rig.replies) == 1
    assert not rig.out.owed


def test_a_call_that_comes_after_its_session_is_answered_at_once(rigs: type[Rig]) -> None:
    rig = rigs(Calls)
    rig.put(*messages(1, kind=Kind.ASK))
    [late] = rig.line.bag
    rig.line.bag.clear()
    rig.turns.run(rig.line.attach, Calls)
    rig.arrive()
    rig.turns.run(late.way.arrived, late)
    assert late.way.results == [b""]
    rig.all_happens()
    assert len(rig.replies) == 1
