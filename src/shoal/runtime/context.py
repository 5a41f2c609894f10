"""What a handler sees of the runtime: who it is, what it handles, and how it sends."""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from contextvars import ContextVar
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from shoal.runtime.boards import maker
from shoal.runtime.config import Config
from shoal.runtime.delivery import Delivery
from shoal.runtime.durable.errors import Fenced
from shoal.runtime.envelope import (
    LANE_NORMAL,
    TELL,
    Envelope,
    Lane,
    Scope,
    asks_waiting,
    derived_id,
    scope_of_sends,
    source_of,
)
from shoal.runtime.errors import ConfigError
from shoal.runtime.provenance import Origin, Taint
from shoal.runtime.ref import Ref

if TYPE_CHECKING:
    from shoal.blackboard.board import Board
    from shoal.runtime.cell import Cell
    from shoal.runtime.host import Host

_log = logging.getLogger("shoal.agent")
_ATTEMPT = 1 << 24
"""Sends of one attempt at a message, at most: each attempt has ids of its own."""
_effect: ContextVar[bytes] = ContextVar("shoal_effect", default=b"")
"""The effect of ``once`` that is being done. What it sends has ids of its own: handled again, the effect is recorded
and sends nothing, and what comes after it must not get the ids, and so the answers, that were its."""


class Context:
    """The handling of one message. Made for each; do not keep it past the handler.

    ``delivery`` is ``None`` in the hooks, which handle no message.
    """

    __slots__ = ("_cell", "_delivery", "_marks", "_scope", "_sends", "_spawns", "_taint", "_team")

    def __init__(self, cell: Cell, delivery: Delivery | None, attempt: int = 0) -> None:
        self._cell = cell
        self._delivery = delivery
        self._sends = attempt * _ATTEMPT
        self._spawns = 0
        self._scope: Scope | None = None
        self._marks: dict[bytes, int] | None = None
        self._team = ""
        self._taint: Taint | None = None
        """Of a hook; a message's is its delivery's."""

    # -- who and what --------------------------------------------------------------------------------------

    @property
    def self(self) -> Ref:
        """This agent's own ref."""
        return Ref(self._cell.address)

    @property
    def _home(self) -> Host:
        return self._cell.host

    @property
    def address(self) -> str:
        """This agent's address."""
        return self._cell.address

    @property
    def message(self) -> Envelope | None:
        """The envelope handled now; ``None`` in hooks."""
        return self._delivery.envelope if self._delivery is not None else None

    @property
    def sender(self) -> Ref | None:
        """Who sent the message; ``None`` in hooks. (The client can be seen, but takes no messages.)"""
        return Ref(self._delivery.envelope.sender) if self._delivery is not None else None

    @property
    def task(self) -> str | None:
        """The task this message belongs to."""
        envelope = self.message
        return envelope.scope.task if envelope is not None and envelope.scope is not None else None

    @property
    def seed(self) -> int | None:
        """What random choices about this task begin with: the same for this agent and task in any run with this seed.
        ``None`` in a system without one (``Config.seed``)."""
        first = self._cell.host.config.seed
        if first is None:
            return None
        text = f"{first}\0{self.task or ''}\0{self._cell.address}"
        return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big") >> 1

    @property
    def deadline(self) -> float | None:
        """Wall-clock second after which nobody wants the result; ``None`` when there is none."""
        envelope = self.message
        if envelope is None or envelope.scope is None:
            return None
        limits = [at for at in (envelope.scope.deadline, envelope.scope.answer_by) if at is not None]
        return min(limits, default=None)

    @property
    def restarts(self) -> int:
        """How often this agent was started again: its process, or in it (``on_error="restart"``)."""
        return self._cell.host.generation - 1 + self._cell.restarts

    @property
    def attempt(self) -> int:
        """How often this handling was tried before, with ``on_error="retry"``; 0 for the first time. A message that is
        handled again because its process died is not another attempt."""
        return self._sends // _ATTEMPT

    @property
    def handler_limit_s(self) -> float | None:
        """How long a handler of this agent may run; ``None``: without limit."""
        return self._cell.handler_timeout_s

    @property
    def handler_left_s(self) -> float | None:
        """Seconds until this handler is cancelled for its limit; ``None`` without one."""
        limit_s = self.handler_limit_s
        if limit_s is None:
            return None
        started = [w.started for w in self._cell.workers if w.delivery is self._delivery]
        return limit_s - (time.monotonic() - started[0] if started else 0.0)

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for this handling any more. Long computations between awaits should look."""
        deadline = self.deadline
        if deadline is not None and time.time() > deadline:
            return True
        return any(w.delivery is self._delivery and w.stop_with is not None for w in self._cell.workers)

    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger that names the agent and the task."""
        return logging.LoggerAdapter(_log, {"agent": self._cell.address, "task": self.task})

    # -- sending -------------------------------------------------------------------------------------------

    def tell(
        self,
        to: Ref | str,
        message: Any,
        *,
        lane: Lane | None = None,
        deadline_s: float | None = None,
        task: str | None = None,
        origin: int = 0,
    ) -> Coroutine[Any, Any, Any]:
        """Send; returns once accepted. Raises as ``Ref.tell``."""
        scope = self._scope or self._make_scope()
        if origin > scope.origin:
            scope = scope._replace(origin=int(Origin(origin)))
        if deadline_s is not None:
            scope = scope._replace(deadline=_sooner(scope.deadline, time.time() + deadline_s))
        if task is not None:
            scope = scope._replace(task=task)
        custody = self._delivery.take_custody() if self._delivery is not None else None
        return self._cell.host.post(
            TELL, to if type(to) is str else _address(to), message, self._next_id(), self._cell.address, scope,
            LANE_NORMAL if lane is None else lane, custody,
        )  # fmt: skip

    def ask(
        self,
        to: Ref | str,
        message: Any,
        *,
        timeout_s: float | None = None,
        lane: Lane | None = None,
        task: str | None = None,
        origin: int = 0,
        anew: bool = False,
        mark: str = "",
    ) -> Coroutine[Any, Any, Any]:
        """Send and wait for the answer. Raises as ``Ref.ask``; a cycle of asks fails at once.

        When the message is handled again, its n-th send has the same id as before: an ask that was answered is then
        not done twice. One that is made ``anew`` is another ask each time; one with a ``mark`` has its id from that,
        and not from how many sends were before it.
        """
        scope = self._scope or self._make_scope()
        if origin > scope.origin:
            scope = scope._replace(origin=int(Origin(origin)))
        cell, delivery = self._cell, self._delivery
        waiting = f"{cell.address}*{cell.concurrency}" if cell.concurrency > 1 else cell.address
        asks: tuple[str, ...] = (waiting,)
        if delivery is not None:
            asks = asks_waiting(delivery.envelope, waiting)
            above = delivery.envelope.scope
            if above is not None and above.answer_by is not None:
                scope = scope._replace(answer_by=above.answer_by)
        if mark and delivery is not None:
            message_id = self.id_of(b"\0ask\0" + mark.encode(errors="surrogatepass"))
        else:
            message_id = cell.host.ids.fresh() if anew else self._next_id()
        return cell.host.ask_as(
            cell.address, message_id, to if type(to) is str else _address(to), message, scope, asks, task, timeout_s,
            LANE_NORMAL if lane is None else lane, self,
        )  # fmt: skip

    async def once(
        self,
        key: str,
        fn: Callable[[], Any],
        *,
        unknown: Literal["rerun", "raise"] = "rerun",
        scope: Literal["message", "agent"] = "message",
    ) -> Any:
        """Do something that must not happen again when this message is handled again, and return its result.

        ``fn`` takes nothing; it may be async. Its result, a message, is recorded before this returns, and whoever
        handles the same message after a death of the process gets it without a call. When ``fn`` raises, it has not
        happened: nothing is recorded and the error goes on. When the process dies between ``fn`` and the record,
        nobody knows: ``unknown="rerun"`` then calls ``fn`` again (at least once), ``"raise"`` raises
        :class:`EffectUnknown` (at most once). That it began is recorded for ``"raise"`` alone: all uses of a key say
        the same.

        ``key`` names the effect within the message, or with ``scope="agent"`` (always so in hooks) within the
        agent's whole life. Raises ``NotAMessage`` for a result that cannot be recorded.
        """
        if unknown not in ("rerun", "raise") or scope not in ("message", "agent"):
            raise ConfigError(f"once({key!r}): unknown is 'rerun' or 'raise', scope is 'message' or 'agent'")
        delivery = self._delivery
        within = delivery.envelope.id if delivery is not None and scope == "message" else b""

        async def run() -> Any:
            outer = _effect.get()
            token = _effect.set(outer + b"\0once\0" + key.encode(errors="surrogatepass"))
            try:
                value = fn()
                return await value if inspect.isawaitable(value) else value
            finally:
                _effect.reset(token)

        return await self._cell.effects.once(self, within, key, run, at_most=unknown == "raise")

    async def spawn(self, agent: Any, *, name: str | None = None, host: str | None = None) -> Ref:
        """Start a child: stopped when this agent stops for good. Raises ``SpawnError``.

        A child outlives a restart of its parent. Who starts it again under the same name gets the one that lives;
        without a ``name``, handling the same message again makes the same names.
        """
        hands_down = getattr(self._cell.behavior, "hands_down", None)
        if hands_down is not None:
            agent = hands_down(agent)
        self._spawns += 1
        mark = str(self._spawns)
        if self._delivery is not None:
            mark = f"{blake2b(self._delivery.envelope.id, digest_size=6).hexdigest()}-{mark}"
        return await self._cell.host.spawn_child(self._cell, agent, name, host, mark)

    async def stop(self, child: Ref | str | None = None, *, drain: bool = False) -> None:
        """Stop a child, or (``None``) this agent once its current handler has returned."""
        await self._cell.host.stop_from(self._cell, None if child is None else _address(child), drain)

    @property
    def board(self) -> Board:
        """The main region of the blackboard; ``ctx.board.of(region)`` is another one."""
        return maker().of_context(self)

    # -- where what it knows comes from ----------------------------------------------------------------------

    @property
    def origin(self) -> Origin:
        """The worst origin of what this handling has seen so far; what it sends and answers has it, too."""
        return Origin(self._seen())

    @property
    def sources(self) -> tuple[str, ...]:
        """Where it saw what is of :attr:`origin`: the first few. Empty while all that it saw is trusted."""
        origin = self._seen()
        envelope, taint = self.message, self._taint_here
        sources = taint.sources if taint is not None and taint.origin == origin else ()
        if origin and envelope is not None and envelope.scope is not None and envelope.scope.origin == origin:
            sources = tuple(dict.fromkeys((source_of(envelope), *sources)))
        return sources

    def joined(self, origin: int, source: str) -> None:
        """This handling has seen something of that origin from ``source``: it can make things worse, never better.

        Answers to asks and what is read from boards join by themselves; whoever gets a value another way says so.
        """
        if not (level := int(Origin(origin))):
            return
        taint = self._taint_here
        if taint is None:
            taint = Taint()
            if self._delivery is not None:
                self._delivery.taint = taint
            else:
                self._taint = taint
        taint.join(level, source)
        self._scope = None  # what is sent from now on has it

    def within(self, team: str) -> None:
        """What is sent from now on is work of that team, within those it is part of: budgets know it by that."""
        self._team = team
        self._scope = None

    # -- for clients and agents that shoal brings along --------------------------------------------------------------

    def id_of(self, mark: bytes) -> bytes:
        """An id for something that is asked for here, by what it is: the n-th use of a ``mark`` gives the same id when
        the message is handled again, also in another order. Empty in hooks, which handle no message."""
        if self._delivery is None:
            return b""
        marks = self._marks
        if marks is None:
            marks = self._marks = {}
        count = marks[mark] = marks.get(mark, self._sends // _ATTEMPT * _ATTEMPT) + 1
        return derived_id(self._delivery.envelope.id + mark, count)

    def note_span(
        self, kind: str, name: str, *, at: float, took_s: float, outcome: str = "ok",
        data: Mapping[str, Any] | None = None, key: str = "",
    ) -> None:  # fmt: skip
        """Journal what took its time in this handling, from wall-clock second ``at`` on; not where messages are not.

        ``kind``: model, tool, board or effect; ``data``: plain values. ``key`` tells it from others of its kind in this
        handling: noted again under the same one, as the message is handled again, it is the same span and read once.
        """
        if (scribe := self._cell.host.scribe) is not None:
            scribe.span(self.message, self.address, kind, name, at, took_s, outcome, data or {}, key)

    @property
    def kept(self) -> dict[str, Any]:
        """What code of ours keeps between the messages of this agent, while its process lives."""
        return self._cell.kept

    @property
    def config(self) -> Config:
        """The system's settings."""
        return self._cell.host.config

    def directory(self) -> Path:
        """Where its files belong. Blocks. Raises ``ConfigError`` in a system without a run directory."""
        return self._cell.host.state.directory()

    def fenced(self, error: Fenced) -> None:
        """The store says that a later incarnation has it: this one does nothing more."""
        self._cell.host.fenced(self._cell, error)

    # -- inside --------------------------------------------------------------------------------------------

    def _next_id(self) -> bytes:
        if self._delivery is None:
            return self._cell.host.ids.fresh()
        if effect := _effect.get():
            return self.id_of(effect)
        self._sends += 1
        return derived_id(self._delivery.envelope.id, self._sends)

    @property
    def _taint_here(self) -> Taint | None:
        if self._cell.taint is not None:
            return self._cell.taint
        return self._delivery.taint if self._delivery is not None else self._taint

    def _seen(self) -> int:
        if self._delivery is not None:
            return self._delivery.seen
        taint = self._taint_here
        return taint.origin if taint is not None else 0

    def _make_scope(self) -> Scope:
        if self._delivery is None:
            scope = Scope(hops=1, path=(self._cell.address,), origin=self._seen())
        else:
            scope = scope_of_sends(self._delivery.envelope, self._cell.address, self._delivery.seen)
        if self._team:
            scope = scope._replace(budget=f"{scope.budget}|{self._team}" if scope.budget else self._team)
        if self._cell.taint is None:  # else another handling of this agent can make it worse meanwhile
            self._scope = scope
        return scope


def _address(to: Ref | str) -> str:
    if isinstance(to, str):
        return to
    if isinstance(to, Ref):
        return to.address
    raise ConfigError(f"{to!r} is no address: give a Ref or an address string")


def _sooner(a: float | None, b: float) -> float:
    return b if a is None else min(a, b)
