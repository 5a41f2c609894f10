"""The mailbox against a simple model: lanes, order per sender, turns between senders, the bound."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shoal.runtime.config import Overflow
from shoal.runtime.envelope import Envelope, Lane
from shoal.runtime.mailbox import Mailbox
from tests.runtime.strategies import envelope

SENDERS = ["a", "b", "c", "d"]


@dataclass
class Letter:
    """What a mailbox holds."""

    envelope: Envelope


def letter(sender: str = "a", lane: Lane = Lane.NORMAL) -> Letter:
    return Letter(envelope(sender, lane=lane))


class MailboxMachine(RuleBasedStateMachine):
    """The model: a queue for each lane and sender, and who was served how often while another waited."""

    @initialize(capacity=st.integers(1, 8))
    def build(self, capacity: int) -> None:
        self.mailbox: Mailbox[Letter] = Mailbox(capacity)
        self.queues: dict[tuple[Lane, str], deque[Letter]] = {(x, s): deque() for x in Lane for s in SENDERS}
        self.overtaken: dict[tuple[Lane, str], Counter[str]] = {}
        """For each sender that waits in a lane: how often others were served there since its last turn."""

    def _bounded(self) -> int:
        return sum(len(queue) for (lane, _), queue in self.queues.items() if lane != Lane.SYSTEM)

    def _served(self, taken: Letter) -> None:
        """Take note of a turn, and check that nobody had two while another waited for one."""
        lane, sender = Lane(taken.envelope.lane), taken.envelope.sender
        assert self.queues[lane, sender].popleft() is taken
        self.overtaken.pop((lane, sender), None)
        for other in SENDERS:
            if self.queues[lane, other]:
                counts = self.overtaken.setdefault((lane, other), Counter())
                if other != sender:
                    counts[sender] += 1
                    assert counts[sender] <= 1

    @rule(
        sender=st.sampled_from(SENDERS), lane=st.sampled_from(Lane), reserved=st.sampled_from([0, 0, 0, 1, 3])
    )
    def push(self, sender: str, lane: Lane, reserved: int) -> None:
        item = letter(sender, lane)
        fits = lane == Lane.SYSTEM or self._bounded() + reserved < self.mailbox.capacity
        assert self.mailbox.push(item, reserved) is fits
        if fits:
            self.queues[lane, sender].append(item)

    @rule()
    def pop(self) -> None:
        taken = self.mailbox.pop()
        if taken is None:
            assert not any(self.queues.values())
            return
        first = min(lane for (lane, _), queue in self.queues.items() if queue)
        assert taken.envelope.lane == first
        self._served(taken)

    @rule(sender=st.sampled_from(SENDERS))
    def make_room(self, sender: str) -> None:
        victim = self.mailbox.make_room(sender)
        lanes = [lane for (lane, _), queue in self.queues.items() if queue and lane != Lane.SYSTEM]
        if victim is None:
            assert not lanes
            return
        assert victim.envelope.lane == max(lanes)
        own = self.queues[max(lanes), sender]
        if own:
            assert own.popleft() is victim
            if not own:
                self.overtaken.pop((max(lanes), sender), None)
        else:
            self._served(victim)

    @precondition(lambda self: any(self.queues.values()))
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from([key for key, queue in self.queues.items() if queue]))
        item = data.draw(st.sampled_from(list(self.queues[key])))
        assert self.mailbox.remove(item.envelope.id) is item
        self.queues[key].remove(item)
        if not self.queues[key]:
            self.overtaken.pop(key, None)
        assert self.mailbox.remove(item.envelope.id) is None

    @invariant()
    def counts_agree_with_the_model(self) -> None:
        if not hasattr(self, "mailbox"):
            return
        assert len(self.mailbox) == self._bounded() <= self.mailbox.capacity
        assert self.mailbox.free == self.mailbox.capacity - self._bounded()
        assert bool(self.mailbox) is any(self.queues.values())

    def teardown(self) -> None:
        if not hasattr(self, "mailbox"):
            return
        for taken in self.mailbox.drain():
            self._served(taken)
        assert not any(self.queues.values())
        assert not self.mailbox


TestMailboxMachine = MailboxMachine.TestCase
TestMailboxMachine.settings = settings(max_examples=150, stateful_step_count=40)


def test_a_mailbox_that_could_hold_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Mailbox[Letter](0)


def test_a_full_mailbox_takes_no_more_of_the_bounded_lanes_but_still_takes_system_messages() -> None:
    mailbox: Mailbox[Letter] = Mailbox(2)
    assert mailbox.push(letter())
    assert mailbox.push(letter(lane=Lane.PRIORITY))
    assert not mailbox.push(letter())
    assert not mailbox.push(letter(lane=Lane.PRIORITY))
    system = letter(lane=Lane.SYSTEM)
    assert mailbox.push(system)
    assert len(mailbox) == 2
    assert mailbox.pop() is system


def test_room_that_is_reserved_is_not_given_to_others() -> None:
    mailbox: Mailbox[Letter] = Mailbox(3)
    assert mailbox.push(letter(), reserved=2)
    assert not mailbox.push(letter(), reserved=2)
    assert mailbox.push(letter(), reserved=1)


@given(flood=st.integers(1, 200), senders=st.integers(1, 20))
def test_a_polite_sender_is_served_within_one_turn_of_each_of_those_who_flood(
    flood: int, senders: int
) -> None:
    mailbox: Mailbox[Letter] = Mailbox(flood * senders + 1)
    for _ in range(flood):
        for sender in range(senders):
            assert mailbox.push(letter(f"flood{sender}"))
    polite = letter("polite")
    assert mailbox.push(polite)
    served = [mailbox.pop() for _ in range(senders + 1)]
    assert polite in served


def test_the_oldest_of_the_same_sender_makes_room_so_that_a_flood_drops_its_own() -> None:
    mailbox: Mailbox[Letter] = Mailbox(3, Overflow.DROP_OLDEST)
    quiet, first, second = letter("quiet"), letter("flood"), letter("flood")
    for item in (quiet, first, second):
        mailbox.push(item)
    assert mailbox.make_room("flood") is first
    assert mailbox.make_room("newcomer") is quiet


def test_a_message_of_the_normal_lane_makes_room_before_one_of_the_priority_lane() -> None:
    mailbox: Mailbox[Letter] = Mailbox(3)
    urgent, normal, system = letter(lane=Lane.PRIORITY), letter(), letter(lane=Lane.SYSTEM)
    for item in (urgent, normal, system):
        mailbox.push(item)
    assert mailbox.make_room("a") is normal
    assert mailbox.make_room("a") is urgent
    assert mailbox.make_room("a") is None


def test_an_empty_mailbox_has_made_no_lanes() -> None:
    # Most of 100,000 agents in one process are idle: what an empty mailbox holds is counted in bytes.
    assert Mailbox[Letter](10)._lanes == [None, None, None]
