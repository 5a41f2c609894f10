"""A peer: an agent of a mesh that speaks to others itself.

Callback contract::

    class Critic(shoal.Peer):
        at_once = 8                                     # optional: messages it works on at once
        async def on_draft(self, draft: Draft, ctx):    # as of any agent; from a peer or from the team
            better = await self.send(ctx, "writer", Objection(...))
            return Opinion(...)                         # the answer to whoever sent the draft

While a peer waits for what it sent, it works on other messages: what it keeps in ``self`` may be another after a
``send``. It is not durable; what must outlive its process belongs to the artefact on the board.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from shoal.actors.agent import Agent
from shoal.blackboard.board import Board
from shoal.blackboard.entry import Entry
from shoal.models.calling.breaker import Event
from shoal.runtime.behavior import HandlerTable
from shoal.runtime.context import Context
from shoal.runtime.errors import ConfigError, Refused
from shoal.runtime.side_by_side import side_by_side
from shoal.topologies.errors import TurnsSpent
from shoal.topologies.peers.channel_breakers import ChannelBreakers
from shoal.topologies.peers.messages import Heard, Said
from shoal.topologies.peers.rules import Account, Seat, artefact_key, heard, opened, said
from shoal.topologies.peers.turns import Turns

_SOON_S = 0.001


class Talk(NamedTuple):
    """What a peer knows of the message it handles."""

    me: str
    """This peer's name."""
    by: str
    """Who said it; empty: the team itself."""
    path: tuple[str, ...]
    """Through whom it came."""
    round: int
    turns_left: int
    """What the peer and those it speaks to may take."""


class _Turn:
    """One message being handled."""

    def __init__(self, message: Said) -> None:
        self.said = message
        self.account = Account(Turns(message.total, message.each, message.used))
        self.one_by_one = asyncio.Lock()
        self.has_slot = False
        self.done = False


_turn: ContextVar[_Turn] = ContextVar("shoal_turn")
"""Of the handler that runs now; its side tasks inherit it."""


class Peer(Agent):
    """See the module. Give instances or classes of it to :func:`shoal.mesh`."""

    concurrency = 10_000
    at_once: int = 1
    """Messages it works on at once, those that wait for an answer of another peer not counted."""
    seat: Seat | None = None
    """Its place in the mesh; the wiring sets it."""
    clock: Callable[[], float] = staticmethod(time.monotonic)
    """For the circuit breakers of its channels."""

    async def on_peer_said(self, message: Said, ctx: Context) -> Heard:
        """What comes from the team and from peers, to the handler of what is in it."""
        turn = _Turn(message)
        _turn.set(turn)
        ctx.within(self._seat.team)
        try:
            handler, inside = self._table.decode(message.tag, message.body, ctx.address)
            async with self._slot(turn):
                answer = await handler.call(inside, ctx)
            return heard(turn.account, self._seat.name, answer, done=turn.done)
        except TurnsSpent as error:
            turn.account.short = turn.account.short or error.text
            return self._ended(turn, cut=True)
        except Exception as error:  # with the account of what was said: the turns that were taken are taken
            ctx.log.warning("a peer failed at %s", message.tag, exc_info=True)
            return self._ended(turn, failed=f"{type(error).__name__}: {error}")

    # -- for handlers ----------------------------------------------------------------------------------------

    @property
    def neighbours(self) -> tuple[str, ...]:
        """Those it may speak to."""
        return tuple(self._seat.channels)

    @property
    def talk(self) -> Talk:
        """About the message that is handled now. Raises :class:`ConfigError` outside of a task of a mesh."""
        turn = self._here
        path = turn.said.path
        by = path[-1] if path else ""
        return Talk(self._seat.name, by, path, turn.said.round, turn.account.left.total)

    async def send(self, ctx: Context, to: str, payload: Any) -> Any:
        """Say something to a peer and wait until it has handled it; returns its answer.

        Raises :class:`NoChannel`, :class:`MessageLoop`, :class:`ChannelBroken`, :class:`PeerFailed`, what an ask
        raises, and :class:`TurnsSpent`, which ends the task unless it is caught.
        """
        return (await self.send_all(ctx, {to: payload}))[to]

    async def send_all(self, ctx: Context, payloads: Mapping[str, Any]) -> dict[str, Any]:
        """Say something to several at once; their answers by name. The turns that are left are shared among them.

        The first to fail cancels the others. Several calls at once of one handler take place one after the other.
        """
        turn, seat, names = self._here, self._seat, list(payloads)
        path = (*turn.said.path, seat.name)
        async with turn.one_by_one:
            for name in names:
                seat.check(path, name)
            shares = turn.account.reserve(names)
            async with self._without_slot(turn):
                answers = await self._gather(ctx, turn, payloads, shares)
        return dict(zip(names, answers, strict=True))

    def done(self) -> None:
        """Say that the task is done, as far as this peer is concerned. It is over when all who were given it say so."""
        self._here.done = True

    async def artefact(self, ctx: Context, kind: Any = Any) -> Entry[Any] | None:
        """What is on the board for this task; ``None``: nothing yet."""
        board, key = self._board(ctx)
        return await board.get(key, kind)

    async def revise(self, ctx: Context, value: Any, *, expected: Entry[Any] | None) -> Entry[Any]:
        """Set the artefact, if it is still ``expected``, what was read. Raises ``Conflict``: read it again."""
        board, key = self._board(ctx)
        return await board.compare_and_set(key, value, expected=expected)

    # -- inside ----------------------------------------------------------------------------------------------

    @property
    def _seat(self) -> Seat:
        if self.seat is None:
            raise ConfigError(
                f"{type(self).__name__} is in no mesh: give the peer itself or its class to shoal.mesh, not a factory"
            )
        return self.seat

    @property
    def _here(self) -> _Turn:
        turn = _turn.get(None)
        if turn is None:
            raise ConfigError(
                f"{type(self).__name__} was asked directly, not by a task of its mesh: ask the team"
            )
        return turn

    @property
    def _table(self) -> HandlerTable:
        table: HandlerTable | None = self.__dict__.get("_handlers")
        if table is None:
            table = self.__dict__["_handlers"] = self.handler_table()
        return table

    def _board(self, ctx: Context) -> tuple[Board, str]:
        if self._seat.region is None:
            raise ConfigError(
                f"the mesh {self._seat.team!r} has no board: give it board='main', or another region"
            )
        return ctx.board.of(self._seat.region), artefact_key(self._seat.team, self._here.said.task)

    def _ended(self, turn: _Turn, *, cut: bool = False, failed: str = "") -> Heard:
        account = turn.account
        return Heard(
            failed=failed,
            cut=cut,
            short=account.short,
            done=turn.done,
            turns=account.taken,
            last=account.last,
        )

    @asynccontextmanager
    async def _slot(self, turn: _Turn) -> AsyncIterator[None]:
        slots = self._slots
        await slots.acquire()
        turn.has_slot = True
        try:
            yield
        finally:
            if turn.has_slot:
                slots.release()

    @asynccontextmanager
    async def _without_slot(self, turn: _Turn) -> AsyncIterator[None]:
        """While it waits for others, others are worked on: else two that ask each other would wait for ever."""
        slots = self._slots
        turn.has_slot = False
        slots.release()
        try:
            yield
        except asyncio.CancelledError:
            raise  # at once: the one who has the slot may have it for long
        except BaseException:
            await slots.acquire()
            turn.has_slot = True
            raise
        await slots.acquire()
        turn.has_slot = True

    @property
    def _slots(self) -> asyncio.Semaphore:
        slots: asyncio.Semaphore | None = self.__dict__.get("_semaphore")
        if slots is None:
            slots = self.__dict__["_semaphore"] = asyncio.Semaphore(self.at_once)
        return slots

    @property
    def _breakers(self) -> ChannelBreakers:
        breakers: ChannelBreakers | None = self.__dict__.get("_channels")
        if breakers is None:
            breakers = ChannelBreakers(self._seat.name, self._seat.breaker, self.clock)
            self.__dict__["_channels"] = breakers
        return breakers

    async def _gather(
        self, ctx: Context, turn: _Turn, payloads: Mapping[str, Any], shares: Sequence[Turns]
    ) -> list[Any]:
        pairs = [
            (name, payload, share) for (name, payload), share in zip(payloads.items(), shares, strict=True)
        ]
        if len(pairs) == 1:
            return [await self._say(ctx, turn, *pairs[0])]
        async with side_by_side() as group:
            tasks = [group.create_task(self._say(ctx, turn, *pair)) for pair in pairs]
        return [task.result() for task in tasks]

    async def _say(self, ctx: Context, turn: _Turn, to: str, payload: Any, share: Turns) -> Any:
        breakers = self._breakers
        probe = breakers.ask(to)
        event = Event.GIVEN_UP
        try:
            answer = await self._exchange(ctx, turn, to, payload, share)
            event = Event.SUCCEEDED
            return answer
        except TurnsSpent:
            event = Event.SUCCEEDED
            raise
        except Exception:
            event = Event.FAILED
            raise
        finally:
            breakers.tell(to, event, probe=probe)

    async def _exchange(self, ctx: Context, turn: _Turn, to: str, payload: Any, share: Turns) -> Any:
        seat, ref = self._seat, self._seat.channels[to]
        left_s = None if ctx.deadline is None else max(_SOON_S, ctx.deadline - time.time())
        if to not in seat.speaking:
            plain = await ctx.ask(ref, payload, timeout_s=left_s, mark=f"said/{to}")
            turn.account.note(to, plain)
            return plain
        message = said(turn.said.task, (*turn.said.path, seat.name), turn.said.round, share, payload)
        try:
            answer = await ctx.ask(ref, message, timeout_s=left_s, mark=f"said/{to}")
        except Refused:
            raise  # certain: nothing was said there
        except BaseException:
            turn.account.lose(to, share)
            raise
        turn.account.settle(answer)
        return opened(to, answer)
