"""The link in single situations: what it promises, and what once went wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.runtime.config import Config
from shoal.runtime.custody import Custody
from shoal.runtime.envelope import Envelope, Kind, Lane
from shoal.runtime.errors import AgentDied, ProtocolError
from shoal.runtime.outlink import OutLink
from shoal.runtime.stats import LinkStats
from shoal.runtime.wire import Data, Group, Reply, Report, pack_data
from tests.runtime.network import Calls, Line, Pipe, Transport, Turns
from tests.runtime.receivers import BareReceiver, HostReceiver
from tests.runtime.strategies import data_frames, envelope, report_frames


class Rig:
    """One receiver with agent ``0`` and a line from each of ``senders``."""

    def __init__(
        self,
        kind: type[Transport] = Pipe,
        *,
        capacity: int = 100,
        senders: int = 1,
        host: bool = False,
        max_message_bytes: int = 4096,
    ) -> None:
        config = Config(
            window=2,
            batch_messages=8,
            by_reference_bytes=1024,
            max_message_bytes=max_message_bytes,
            report_delay_s=0,
        )
        self.turns = Turns()
        self.receiver = (HostReceiver if host else BareReceiver)(config, 1, capacity)
        self.replies: list[Reply] = []
        self.lines: list[Line] = []
        for index in range(senders):
            out = OutLink("peer", config, self.replies.append, LinkStats())
            line = Line(f"sender{index}".encode(), out, self.receiver, config)
            self.lines.append(line)
            self.turns.run(line.attach, kind)
        self.line = self.lines[0]
        self.out = self.line.out

    def put(self, message: Envelope, *, sender: int = 0, custody: Custody | None = None) -> None:
        """Put a message; the rig's caller knows that there is credit."""
        out = self.lines[sender].out
        self.turns.run(out.put, out.outbox("0"), message, custody)

    def put_all(self, messages: list[Envelope]) -> None:
        """Put several without letting the loop turn between them."""

        def put() -> None:
            for message in messages:
                self.out.put(self.out.outbox("0"), message)

        self.turns.run(put)

    def send(self, *messages: Envelope, sender: int = 0) -> asyncio.Task[None]:
        """Send messages one after the other, waiting for credit as a host does."""
        out = self.lines[sender].out

        async def work() -> None:
            for message in messages:
                box = out.outbox("0")
                if not box.open:
                    await box.wait_open()
                out.put(box, message)

        task = self.turns.loop.create_task(work())
        self.turns.run(_nothing)
        return task

    def arrive(self, rounds: int = 10) -> None:
        """Let everything arrive that is under way, both ways."""
        for _ in range(rounds):
            for line in self.lines:
                for _ in range(len(line.bag)):
                    self.turns.run(line.deliver, 0)
                for _ in range(line.results):
                    self.turns.run(line.give_back, 0)

    def handle(self, many: int = 1000) -> int:
        """Handle what waits, up to ``many`` messages; returns how many."""
        done = 0

        def step() -> None:
            taken = self.receiver.begin(0)
            if taken is not None:
                nonlocal done
                done += 1
                taken.finish()

        for _ in range(many):
            before = done
            self.turns.run(step)
            if done == before:
                break
        return done

    def all_happens(self) -> None:
        """Let everything arrive and be handled, until nothing is left to do."""
        for _ in range(1000):
            frames = sum(line.frames for line in self.lines)
            self.arrive(2)
            if not self.handle() and frames == sum(line.frames for line in self.lines):
                return
        raise AssertionError("the link does not come to rest")

    @property
    def taken(self) -> list[bytes]:
        """Ids of the messages that were taken, in order."""
        return [message.id for message in self.receiver.admitted]

    def close(self) -> None:
        self.turns.close()


def _nothing() -> None:
    """Only let the loop turn."""


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


def messages(many: int, **fields: object) -> list[Envelope]:
    return [envelope("sender0", recipient="0", **fields) for _ in range(many)]  # type: ignore[arg-type]


def test_an_idle_link_sends_at_once_without_waiting_for_the_loop(rigs: type[Rig]) -> None:
    rig = rigs()
    [message] = messages(1)

    def put() -> None:
        rig.out.put(rig.out.outbox("0"), message)
        assert len(rig.line.bag) == 1

    rig.turns.run(put)


def test_what_is_sent_while_a_batch_is_under_way_goes_as_one_batch(rigs: type[Rig]) -> None:
    rig = rigs()
    rig.put_all(messages(6))
    assert [len(packet.data.groups[0].envelopes) for packet in rig.line.bag] == [1, 5]


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


# -- a peer that says anything at all -------------------------------------------------------------------------


@given(reports=st.lists(report_frames(), max_size=4), sent=st.integers(0, 70), data=st.data())
def test_no_report_a_peer_may_send_breaks_the_sending_end(
    reports: list[Report], sent: int, data: st.DataObject
) -> None:
    rig = Rig()

    class Blind(Pipe):
        def carry(self, frame: bytes, *, large: bool) -> None:
            """What is claimed to have arrived never did."""

    try:
        rig.turns.run(rig.line.attach, Blind)
        rig.put_all(messages(sent))
        for number, report in enumerate(reports, start=1):
            flows = [flow._replace(recipient="0") for flow in report.flows]
            small = data.draw(st.sampled_from([1, 2**60]))
            flows = [
                flow._replace(**{f: getattr(flow, f) % (99 * small) for f in _NUMBERS}) for flow in flows
            ]
            frame = report._replace(session=2, number=number, flows=flows)
            rig.turns.run(rig.out.on_report, frame)
        rig.put(*messages(1))
        rig.turns.run(rig.line.attach, Blind)
    finally:
        rig.close()


_NUMBERS = ("received", "handled", "credit")


@given(frames=st.lists(data_frames(), max_size=4))
def test_no_batch_a_peer_may_send_breaks_the_receiving_end(frames: list[Data]) -> None:
    rig = Rig(capacity=2, host=True)
    try:
        for number, frame in enumerate(frames, start=1):
            groups = [group._replace(recipient="0", first=group.first % 5) for group in frame.groups]
            packed = pack_data(frame._replace(session=1, number=number, groups=groups))
            rig.turns.run(rig.receiver.on_frame, b"peer", packed, Pipe(rig.line))
        assert rig.receiver.waiting(0) <= 2
    finally:
        rig.close()


def test_frames_without_the_ones_before_them_are_kept_in_bounds(rigs: type[Rig]) -> None:
    rig = rigs()

    def flood() -> None:
        for number in range(2, 1000):
            frame = Data(1, number, 0, [Group("0", number, messages(1))])
            rig.receiver.on_frame(b"peer", pack_data(frame), None)

    with pytest.raises(ProtocolError, match="missing before it"):
        rig.turns.run(flood)


def test_a_batch_of_an_earlier_session_that_comes_late_changes_nothing(rigs: type[Rig]) -> None:
    rig = rigs()
    first, second = messages(2)
    rig.put(first)
    [late] = rig.line.bag
    rig.turns.run(lambda: rig.line.cut(lose=True, receiver_notices=True))
    rig.turns.run(rig.line.attach, Pipe)
    rig.turns.run(rig.line.deliver, 0)
    rig.turns.run(late.way.arrived, late)
    rig.put(second)
    rig.all_happens()
    assert rig.taken == [first.id, second.id]
    assert not rig.out.owed
    assert not late.way.results


def test_a_sender_that_begins_to_wait_when_nothing_is_under_way_hears_of_credit_given_before(
    rigs: type[Rig],
) -> None:
    rig = rigs(Calls, capacity=1, senders=2)
    rig.send(*messages(64))
    rig.all_happens()
    rig.put(envelope("sender1", recipient="0"), sender=1)
    rig.arrive()
    waiting = rig.send(*messages(3))
    rig.all_happens()
    assert waiting.done()
    assert len(rig.taken) == 68
