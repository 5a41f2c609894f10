"""Supervisors: agents that start other agents, watch them, and start them again. OTP's ``supervisor``.

::

    workers = await system.spawn(
        shoal.Supervisor([shoal.ChildSpec(id="billing", agent=Billing()), ...], strategy="rest_for_one"),
        name="workers",
    )
    await system.ref("workers/billing").ask(...)
    await workers.which_children()

A child's address is ``<supervisor>/<child id>``. A supervisor is nested by giving it as a child's agent. Every child
has a process of its own on Ray; on the local host all live in this process.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from functools import partial
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
from shoal.actors.supervisor_ref import SupervisorRef
from shoal.actors.tools.grants import Grant
from shoal.actors.tools.inheriting import made_under, under
from shoal.runtime import supervision as machine
from shoal.runtime.behavior import HandlerTable
from shoal.runtime.config import Overflow
from shoal.runtime.context import Context
from shoal.runtime.errors import ConfigError, ShoalError
from shoal.runtime.recipe import check_recipe
from shoal.runtime.ref import Sender, check_name
from shoal.runtime.signature import handlers_of
from shoal.runtime.supervising import Supervising
from shoal.runtime.supervision import Backoff, ChildKind, ChildSpec, ChildStarted, SupervisorSpec
from shoal.runtime.supervision_driver import RequestRefused
from shoal.runtime.supervisor_order import ChildSpecOrder, Order

_NO_LIMIT_S = 1e9
"""Stopping a child takes as long as its spec lets it: no limit of a handler's ends it."""


class Supervisor:
    """An agent that keeps its children running; its defaults are OTP's."""

    concurrency = 1000
    mailbox: int | None = None
    overflow = Overflow.BLOCK
    handler_timeout_s: float | None = _NO_LIMIT_S
    stops_children = True
    """Its ``on_stop`` takes as long as its children's specs let it."""

    def __init__(
        self,
        children: Iterable[ChildSpec] = (),
        *,
        strategy: str = "one_for_one",
        intensity: int = 1,
        period_s: float = 5.0,
        auto_shutdown: str = "never",
        backoff: Backoff | None = None,
        on_report: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        """Check everything; nothing is started. Raises :class:`ConfigError`.

        ``children`` are in start order. More than ``intensity`` restarts within ``period_s`` seconds, and the
        supervisor gives up: it stops its children and ends, and whoever keeps it decides. ``backoff``: a pause before
        restarts. ``on_report`` is called in the supervisor's process with each event (see
        :mod:`shoal.runtime.supervision_event`); it must not block.
        """
        self.spec = SupervisorSpec(
            strategy=strategy,  # type: ignore[arg-type]
            intensity=intensity,
            period_s=period_s,
            auto_shutdown=auto_shutdown,  # type: ignore[arg-type]
            backoff=backoff,
            children=tuple(map(_checked, children)),
        )
        for child in self.spec.children:
            _check_agent(child, dynamic=self.spec.dynamic)
        self._on_report = on_report or _ignore
        self._above: Grant | None = None
        """What its children's tools are bounded by."""
        self._at_work: Supervising | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Supervisor:
        """A fresh one with the same specs: a child's agent is copied when that child starts."""
        fresh = object.__new__(type(self))
        fresh.__dict__.update(self.__dict__)
        fresh._at_work = None
        return fresh

    def under(self, above: Grant) -> Supervisor:
        """The same supervisor, whose children have at most the tools that ``above`` has: what an agent with tools
        starts. Those that are added later are no exception."""
        narrowed = copy.deepcopy(self)
        narrowed._above = above if self._above is None else self._above.meet(above)
        hands_down = partial(made_under if self.spec.dynamic else under, above)
        children = [
            child.model_copy(update={"agent": hands_down(child.agent)}) for child in self.spec.children
        ]
        narrowed.spec = self.spec.model_copy(update={"children": tuple(children)})
        return narrowed

    def handler_table(self) -> HandlerTable:
        """The requests it answers."""
        methods = (
            self.on_which_children, self.on_which_child, self.on_count_children, self.on_terminate_child,
            self.on_restart_child, self.on_delete_child, self.on_events,
        )  # fmt: skip
        name = type(self).__name__
        return HandlerTable(
            [one for method in methods for one in handlers_of(method, f"{name}.{method.__name__}")]
        )

    def spawned_ref(self, address: str, sender: Sender | None) -> SupervisorRef:
        """The ref that a spawn of this agent returns."""
        return SupervisorRef(address, sender)

    # -- life ----------------------------------------------------------------------------------------------

    async def on_start(self, ctx: Context) -> None:
        """Start the children in order, or take up those that outlived an earlier incarnation."""
        self._at_work = Supervising(ctx, self.spec, self._on_report)
        await self._at_work.begin()

    async def on_stop(self, ctx: Context, reason: str) -> None:
        """Stop the children, last started first."""
        if self._at_work is not None:
            await self._at_work.shut_down(reason)

    def killed(self) -> None:
        """It was ended at once."""
        if self._at_work is not None:
            self._at_work.kill()

    @property
    def _working(self) -> Supervising:
        assert self._at_work is not None
        return self._at_work

    # -- requests ------------------------------------------------------------------------------------------

    async def on_which_children(self, request: WhichChildren) -> SupervisorAnswer:
        """All children."""
        return SupervisorAnswer(children=tuple(map(ChildState.of, self._working.children)))

    async def on_which_child(self, request: WhichChild) -> SupervisorAnswer:
        """One child."""
        return await self._answer(lambda mark: machine.WhichChild(mark, request.child))

    async def on_count_children(self, request: CountChildren) -> SupervisorAnswer:
        """How many there are."""
        return await self._answer(machine.CountChildren)

    async def on_terminate_child(self, request: TerminateChild) -> SupervisorAnswer:
        """Stop one."""
        return await self._answer(lambda mark: machine.TerminateChild(mark, request.child))

    async def on_restart_child(self, request: RestartChild) -> SupervisorAnswer:
        """Start one that is down."""
        return await self._answer(lambda mark: machine.RestartChild(mark, request.child))

    async def on_delete_child(self, request: DeleteChild) -> SupervisorAnswer:
        """Forget one that is down."""
        return await self._answer(lambda mark: machine.DeleteChild(mark, request.child))

    async def on_events(self, request: SupervisorEvents) -> SupervisorAnswer:
        """What happened lately."""
        return SupervisorAnswer(events=tuple(self._working.events))

    async def _answer(self, make: Callable[[int], machine.Request]) -> SupervisorAnswer:
        try:
            value = await self._working.ask(make)
        except RequestRefused as refused:
            return SupervisorAnswer(refusal=refused.refusal, text=refused.text)
        if isinstance(value, machine.ChildInfo):
            return SupervisorAnswer(children=(ChildState.of(value),))
        if isinstance(value, machine.Counts):
            return SupervisorAnswer(counts=ChildCounts.of(value))
        return SupervisorAnswer()

    async def order(self, order: Order) -> Any:
        """Do what holds code: add a child, tell a child's spec. Raises :class:`RequestRefused`."""
        if isinstance(order, ChildSpecOrder):
            return await self._working.ask(lambda mark: machine.GetChildSpec(mark, order.child))
        spec = None
        if order.spec is not None:
            spec = _checked(order.spec)
            _check_agent(spec, dynamic=False)
            if self._above is not None:
                spec = spec.model_copy(update={"agent": under(self._above, spec.agent)})
        if order.id is not None:
            check_name(order.id)
        extra = ((), {}) if order.extra is None and self.spec.dynamic else order.extra
        started: ChildStarted = await self._working.ask(
            lambda mark: machine.StartChild(mark, spec, extra, order.id)
        )
        return started.ref


def _ignore(event: dict[str, Any]) -> None:
    """Nobody subscribed."""


def _checked(child: Any) -> ChildSpec:
    """The spec, with a supervisor's kind and grace where its agent is one and nothing else was said."""
    if not isinstance(child, ChildSpec):
        raise ConfigError(f"children: {child!r} is no ChildSpec; give shoal.ChildSpec(id=..., agent=...)")
    check_name(child.id)
    nested = isinstance(child.agent, Supervisor)
    if nested and child.kind is ChildKind.WORKER and "kind" not in child.model_fields_set:
        data = {name: getattr(child, name) for name in child.model_fields_set}
        return ChildSpec(**{**data, "kind": ChildKind.SUPERVISOR})
    return child


def _check_agent(child: ChildSpec, *, dynamic: bool) -> None:
    if dynamic:
        # The template is called with what each child gets: what it makes is checked then.
        if not callable(child.agent):
            raise ConfigError(
                f"child {child.id!r}: agent: a template is a class or a factory, not {child.agent!r}"
            )
        return
    try:
        check_recipe(child.agent)
    except ShoalError as error:
        raise ConfigError(f"child {child.id!r}: agent: {error.text}") from error
