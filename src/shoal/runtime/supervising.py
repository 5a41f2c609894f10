"""A supervisor at work in its cell: decisions and children brought together, its own end told to whoever keeps it."""

from __future__ import annotations

import contextlib
import logging
import random
from collections import deque
from collections.abc import Callable
from typing import Any

from shoal.runtime.context import Context
from shoal.runtime.errors import ShoalError, SystemClosed
from shoal.runtime.supervised import SupervisedChildren, name_of_child
from shoal.runtime.supervision import (
    Begin,
    ChildInfo,
    Ended,
    EndReason,
    Exit,
    Report,
    ReportKind,
    Request,
    Status,
    Supervision,
    SupervisorSpec,
)
from shoal.runtime.supervision_driver import SupervisionDriver
from shoal.runtime.supervision_event import EVENTS_KEPT, log_event, make_event

_log = logging.getLogger("shoal.supervisor")


class Supervising:
    """One supervisor's machinery. Made in its ``on_start``."""

    def __init__(
        self, ctx: Context, spec: SupervisorSpec, on_report: Callable[[dict[str, Any]], None]
    ) -> None:
        self._cell = ctx._cell
        self._host = self._cell.host
        self._spec = spec.model_copy(update={"name": self._cell.address})
        self._children: SupervisedChildren = self._host.peers.children_of(self._host, self._cell.address)
        self._on_report = on_report
        # Tokens of one incarnation are below all of the next.
        machine = Supervision(self._spec, first_token=self._host.generation << 32, rng=random.Random())
        self._driver = SupervisionDriver(machine, self._children, self._reported, self._ended, self._down)
        self._children.hear(self._driver.feed)
        self._exits: dict[str, Exit] = {}
        """How children ended that may or may not come again."""
        self.events: deque[dict[str, Any]] = deque(maxlen=EVENTS_KEPT)

    async def begin(self) -> None:
        """Start the children in order, or go on with those that outlived an earlier incarnation.

        Raises :class:`ShoalError` with the chain of causes when one does not start.
        """
        found = await self._children.found(self._spec)
        try:
            await self._driver.begin(found or Begin())
        except ShoalError:
            await self._rest()
            raise

    @property
    def children(self) -> tuple[ChildInfo, ...]:
        """The children as of now, in start order."""
        return self._driver.machine.children

    async def ask(self, make: Callable[[int], Request]) -> Any:
        """Make a request of the supervisor. Raises :class:`RequestRefused`."""
        return await self._driver.ask(make)

    async def shut_down(self, reason: str) -> None:
        """End in order, children last started first."""
        if self._driver.machine.ended is None:
            await self._driver.shut_down(None)
            await self._rest()
        self._children.close()

    def kill(self) -> None:
        """End at once, and the children with it."""
        self._driver.abandon()
        self._children.close(kill=True)

    # -- what the driver tells -----------------------------------------------------------------------------

    def _reported(self, report: Report) -> None:
        child = self._driver.machine.child(report.child)
        restarts = child.restarts if child is not None else 0
        restarts += report.kind is ReportKind.RESTARTING or (
            report.kind is ReportKind.STARTED and child is not None and child.status is Status.RESTARTING
        )
        if report.exit is not None:
            self._exits[report.child] = report.exit
        address = self._cell.address
        event = make_event(
            report,
            name_of_child(address, report.child),
            address,
            self._children.generation(report.child),
            restarts,
        )
        self.events.append(event)
        log_event(event)
        self._children.note(event)
        self._on_report(event)

    def _down(self, id: str) -> None:
        exit = self._exits.pop(id, None)
        reason = exit.describe() if exit is not None else "it was stopped"
        died = exit is not None and not exit.normal
        kept = self._driver.machine.child(id) is not None
        self._host.out.errand(self._tell_down(id, reason, died=died, kept=kept))

    async def _tell_down(self, id: str, reason: str, *, died: bool, kept: bool) -> None:
        with contextlib.suppress(SystemClosed):
            await self._children.down(id, reason, died=died, kept=kept)

    def _ended(self, ended: Ended) -> None:
        if ended.reason in (EndReason.GAVE_UP, EndReason.AUTO_SHUTDOWN):
            self._host.out.errand(self._leave(ended.exit))

    async def _leave(self, exit: Exit) -> None:
        """The supervisor's agent ends by itself, with its reasons."""
        _log.warning("%s %s", self._cell.address, exit.describe(), extra={"agent": self._cell.address})
        await self._rest()
        self._host.exit(self._cell, exit.kind.value, exit.text, exit.cause)
        await self._host.stop(self._cell.address, exit.describe())

    async def _rest(self) -> None:
        with contextlib.suppress(SystemClosed):
            await self._children.rest()
