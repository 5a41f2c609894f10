"""The link, both ends of it, against a simple model: everything once, in order, whatever the transport does.

A state machine sends, loses, reorders, repeats, cuts, connects anew, handles out of order; at the end everything that
can still happen happens, and nothing may be left over. It runs on the bare ``InLink`` and on a real host.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from shoal.runtime.config import Config
from shoal.runtime.custody import Custody
from shoal.runtime.envelope import Envelope, Kind, Lane
from shoal.runtime.outlink import OutLink
from shoal.runtime.stats import LinkStats
from shoal.runtime.wire import Reply
from tests.runtime.network import Calls, Line, Pipe, Turns
from tests.runtime.receivers import AT_ONCE, BareReceiver, HostReceiver, Taken
from tests.runtime.strategies import envelope

_ENOUGH = 200
"""Rounds, beside one for each message, after which everything that was sent must have been handled."""
_TRANSPORTS = st.sampled_from([Pipe, Calls])
_WHICH = st.integers(0, 1)
_INDEX = st.integers(0, 100)
_MANY = st.sampled_from([1, 2, 5, 20])


@dataclass
class Sender:
    """One sending host, and what the model knows about it."""

    name: bytes
    line: Line
    put: dict[str, list[Envelope]] = field(default_factory=dict)
    """By agent: everything the link took, in order."""
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    replies: Counter[bytes] = field(default_factory=Counter)
    released: Counter[bytes] = field(default_factory=Counter)
    """How often the custody of a message ended."""

    async def send(self, message: Envelope, *, wait: bool) -> None:
        """As a host sends: wait for credit (the system lane does not), put, and end the handler's own custody."""
        out = self.line.out
        box = out.outbox(message.recipient)
        if wait and not box.open:
            await box.wait_open()
        custody = Custody(lambda: self.released.update([message.id]))
        out.put(box, message, custody)
        self.put.setdefault(message.recipient, []).append(message)
        custody.end()


class BareLink(RuleBasedStateMachine):
    """The machine, on ``InLink`` and a simple admission."""

    receiver_class: Callable[[Config, int, int], BareReceiver | HostReceiver] = BareReceiver

    def __init__(self) -> None:
        super().__init__()
        self.turns = Turns()
        self.taken: list[Taken] = []
        self.senders: list[Sender] = []

    @initialize(
        window=st.integers(1, 4),
        batch=st.integers(1, 6),
        capacity=st.sampled_from([1, 2, 3, 5, 9, 70]),
        agents=st.integers(1, 2),
        delay_s=st.sampled_from([0.0, 1e-6]),
        transports=st.lists(_TRANSPORTS, min_size=1, max_size=2),
    )
    def build(
        self,
        window: int,
        batch: int,
        capacity: int,
        agents: int,
        delay_s: float,
        transports: list[type[Pipe] | type[Calls]],
    ) -> None:
        config = Config(
            window=window,
            batch_messages=batch,
            batch_bytes=2048,
            by_reference_bytes=1024,
            max_message_bytes=6000,
            report_delay_s=delay_s,
        )
        self.agents = agents
        self.receiver = self.receiver_class(config, agents, capacity)
        for index, kind in enumerate(transports):
            name = f"sender{index}".encode()
            replies: Counter[bytes] = Counter()
            out = OutLink("peer", config, _counting(replies), LinkStats())
            self.senders.append(Sender(name, Line(name, out, self.receiver, config), replies=replies))
            self.attach(index, kind)

    def _sender(self, which: int) -> Sender:
        return self.senders[which % len(self.senders)]

    # -- what users do -------------------------------------------------------------------------------------

    @rule(
        which=_WHICH,
        agent=_WHICH,
        kind=st.sampled_from([Kind.TELL, Kind.ASK]),
        lane=st.sampled_from([Lane.NORMAL, Lane.NORMAL, Lane.PRIORITY, Lane.SYSTEM]),
        size=st.sampled_from([0, 0, 900, 1500, 5000]),
        at_once=st.booleans(),
        many=st.sampled_from([1, 1, 2, 5, 12, 70]),
    )
    def send(
        self, which: int, agent: int, kind: Kind, lane: Lane, size: int, *, at_once: bool, many: int
    ) -> None:
        sender = self._sender(which)
        tag = AT_ONCE if at_once and kind == Kind.TELL else "bytes"

        def start() -> None:
            for _ in range(many):
                message = envelope(
                    sender.name.decode(),
                    recipient=str(agent % self.agents),
                    kind=kind,
                    lane=lane,
                    tag=tag,
                    payload=bytes(size),
                )
                self._start(sender, message)

        self.turns.run(start)

    def _start(self, sender: Sender, message: Envelope) -> None:
        work = sender.send(message, wait=message.lane != Lane.SYSTEM)
        sender.tasks.append(asyncio.get_running_loop().create_task(work))

    @rule(agent=_WHICH, many=_MANY)
    def begin_handling(self, agent: int, many: int) -> None:
        def begin() -> None:
            for _ in range(many):
                taken = self.receiver.begin(agent % self.agents)
                if taken is not None:
                    self.taken.append(taken)

        self.turns.run(begin)

    @rule(index=_INDEX, many=_MANY)
    def finish_handling(self, index: int, many: int) -> None:
        def finish() -> None:
            for _ in range(min(many, len(self.taken))):
                self.taken.pop(index % len(self.taken)).finish()

        self.turns.run(finish)

    # -- what the network does -----------------------------------------------------------------------------

    @rule(which=_WHICH, kind=_TRANSPORTS)
    def attach(self, which: int, kind: type[Pipe] | type[Calls]) -> None:
        line = self._sender(which).line
        self.turns.run(line.attach, kind)

    @rule(which=_WHICH, lose=st.booleans(), receiver_notices=st.booleans())
    def cut(self, which: int, *, lose: bool, receiver_notices: bool) -> None:
        line = self._sender(which).line
        self.turns.run(lambda: line.cut(lose=lose, receiver_notices=receiver_notices))

    @rule(which=_WHICH, index=_INDEX, again=st.booleans(), many=_MANY)
    def deliver(self, which: int, index: int, *, again: bool, many: int) -> None:
        line = self._sender(which).line
        for _ in range(min(many, len(line.bag))):
            self.turns.run(lambda: line.deliver(index, again=again))

    @rule(which=_WHICH, index=_INDEX, again=st.booleans(), many=_MANY)
    def give_back(self, which: int, index: int, *, again: bool, many: int) -> None:
        line = self._sender(which).line
        for _ in range(min(many, line.results)):
            self.turns.run(lambda: line.give_back(index, again=again))

    @rule(which=_WHICH)
    def everything_arrives(self, which: int) -> None:
        line = self._sender(which).line
        for _ in range(5):
            for _ in range(len(line.bag)):
                self.turns.run(line.deliver, 0, turns=2)
            for _ in range(line.results):
                self.turns.run(line.give_back, 0, turns=2)

    # -- what holds always ---------------------------------------------------------------------------------

    @invariant()
    def no_mailbox_is_over_its_bound(self) -> None:
        for agent in range(len(self.senders) and self.agents):
            assert self.receiver.waiting(agent) <= self.receiver.capacity

    @invariant()
    def what_was_taken_is_a_beginning_of_what_was_sent(self) -> None:
        for sender in self.senders:
            for agent, sent in sender.put.items():
                taken = self._taken_of(sender, agent)
                assert taken == [message.id for message in sent[: len(taken)]]

    @invariant()
    def nothing_is_forgotten_before_it_is_handled(self) -> None:
        for sender in self.senders:
            for agent, sent in sender.put.items():
                kept = {message.id for message in sender.line.out.outbox(agent).flow.unacked.values()}
                assert all(message.id in kept or message.id in self.receiver.handled for message in sent)

    @invariant()
    def a_custody_ends_once_and_not_before_its_message_is_taken(self) -> None:
        taken = {message.id for message in self.receiver.admitted} if self.senders else set()
        for sender in self.senders:
            assert all(times == 1 and message in taken for message, times in sender.released.items())

    def _taken_of(self, sender: Sender, agent: str) -> list[bytes]:
        name = sender.name.decode()
        return [m.id for m in self.receiver.admitted if m.sender == name and m.recipient == agent]

    # -- what holds in the end -----------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            if self.senders:
                self._let_everything_happen()
                self._nothing_is_left_over()
                self._the_link_still_works()
        finally:
            self._end_tasks()
            self.turns.close()

    def _let_everything_happen(self) -> None:
        rounds = _ENOUGH + sum(len(sender.tasks) for sender in self.senders)
        for _ in range(rounds):
            before = self._progress()
            for which, sender in enumerate(self.senders):
                if sender.line.current is None:
                    self.attach(which, Pipe)
                self.everything_arrives(which)
            for agent in range(self.agents):
                self.begin_handling(agent, 20)
            while self.taken:
                self.finish_handling(0, 20)
            if self._progress() == before:
                return
        raise AssertionError(f"still not quiet after {rounds} rounds")

    def _progress(self) -> tuple[int, ...]:
        """Everything that only grows while something happens."""
        frames = sum(sender.line.frames for sender in self.senders)
        return (
            frames,
            len(self.receiver.admitted),
            len(self.receiver.handled),
            sum(len(sender.replies) for sender in self.senders),
            sum(task.done() for sender in self.senders for task in sender.tasks),
        )

    def _nothing_is_left_over(self) -> None:
        for sender in self.senders:
            out = sender.line.out
            assert all(task.done() for task in sender.tasks), "a sender waits for credit that never comes"
            for task in sender.tasks:
                task.result()
            for agent, sent in sender.put.items():
                assert self._taken_of(sender, agent) == [message.id for message in sent]
                assert not out.outbox(agent).flow.unacked
                asked = [message.id for message in sent if message.kind == Kind.ASK]
                assert all(sender.replies[message] >= 1 for message in asked)
                assert all(sender.released[message.id] == 1 for message in sent)
                if sender.line.sessions == 1:
                    assert all(sender.replies[message] == 1 for message in asked)
            assert not out.owed

    def _the_link_still_works(self) -> None:
        for sender in self.senders:
            for agent in range(self.agents):
                message = envelope(sender.name.decode(), recipient=str(agent), kind=Kind.ASK)
                self.turns.run(self._start, sender, message)
        self._let_everything_happen()
        self._nothing_is_left_over()

    def _end_tasks(self) -> None:
        for sender in self.senders:
            for task in sender.tasks:
                task.cancel()
        self.turns.run(_nothing)


class HostLink(BareLink):
    """The machine, on a real host with its cells."""

    receiver_class = HostReceiver


def _nothing() -> None:
    """Only let the loop turn."""


def _counting(replies: Counter[bytes]) -> Callable[[Reply], None]:
    def on_reply(reply: Reply) -> None:
        replies[reply.id] += 1

    return on_reply


# Without the explain phase: it runs the machine under a tracer, which takes minutes.
_thorough = settings(
    max_examples=80,
    stateful_step_count=40,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestBareLink = BareLink.TestCase
TestBareLink.settings = _thorough
TestHostLink = HostLink.TestCase
TestHostLink.settings = _thorough
