"""The ref of a supervisor: what OTP's ``supervisor`` module offers, as methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shoal.actors.supervisor_messages import (
    ChildCounts,
    ChildState,
    CountChildren,
    DeleteChild,
    RestartChild,
    SupervisorAnswer,
    SupervisorEvents,
    TerminateChild,
    WhichChild,
    WhichChildren,
)
from shoal.runtime.ref import Ref
from shoal.runtime.supervision import ChildSpec
from shoal.runtime.supervisor_order import ChildSpecOrder, Order, StartChildOrder, send_order

_PATIENCE_S = 24 * 3600.0
"""Stopping and starting children takes as long as their specs let it."""


class SupervisorRef(Ref):
    """A supervisor's address. What it refuses is raised as ``RequestRefused``, whose ``refusal`` is one of OTP's words.

    ``SupervisorRef.of(ref)`` makes one of any ref that is known to be a supervisor's.
    """

    __slots__ = ()

    @classmethod
    def of(cls, ref: Ref) -> SupervisorRef:
        """The same address as a supervisor's."""
        return cls(ref.address, ref._sender)

    def child(self, id: str) -> Ref:
        """The ref of a child; nothing is looked up."""
        return Ref(f"{self.address.partition('@')[0]}/{id}", self._sender)

    async def start_child(
        self,
        spec: ChildSpec | None = None,
        *,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        id: str | None = None,
    ) -> Ref:
        """Add a child and start it; returns its ref.

        Give its ``spec``; or, to a ``simple_one_for_one`` supervisor, what its template is called with, and an ``id``
        or let one be made up. It is restarted with the same. It is known to later incarnations of the supervisor.
        """
        extra = (tuple(args), dict(kwargs or {})) if args or kwargs else None
        address: str = await self._order(StartChildOrder(spec, extra, id))
        return Ref(address, self._sender)

    async def get_childspec(self, child: str) -> ChildSpec:
        """A child's spec; the template's under ``simple_one_for_one``."""
        spec: ChildSpec = await self._order(ChildSpecOrder(child))
        return spec

    async def terminate_child(self, child: str) -> None:
        """Stop a child; its spec stays, unless it is temporary."""
        await self._request(TerminateChild(child=child))

    async def restart_child(self, child: str) -> None:
        """Start a child that is down. Not counted as a restart."""
        await self._request(RestartChild(child=child))

    async def delete_child(self, child: str) -> None:
        """Forget the spec of a child that is down."""
        await self._request(DeleteChild(child=child))

    async def which_children(self) -> tuple[ChildState, ...]:
        """All children, in start order; answered also in the middle of restarts."""
        return (await self._request(WhichChildren())).children

    async def which_child(self, child: str) -> ChildState:
        """One child."""
        return (await self._request(WhichChild(child=child))).children[0]

    async def count_children(self) -> ChildCounts:
        """How many children there are, and of which kind."""
        counts = (await self._request(CountChildren())).counts
        assert counts is not None
        return counts

    async def events(self) -> list[dict[str, Any]]:
        """The last 1,000 starts, exits and restarts of this incarnation's children, oldest first."""
        return [dict(event) for event in (await self._request(SupervisorEvents())).events]

    async def _request(self, request: Any) -> SupervisorAnswer:
        answer: SupervisorAnswer = await self.ask(request, timeout_s=_PATIENCE_S)
        return answer.check()

    async def _order(self, order: Order) -> Any:
        return await send_order(self._sender or self._via(), self.address, order)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.address,)
