"""A running system: where agents are started, found, looked at and stopped.

``async with shoal.start() as system`` is the whole life cycle. Two kinds implement :class:`System`: the local one
(every agent in this process) here, and the one on Ray in ``shoal.runtime.ray.system``.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable
from contextvars import Token
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload, runtime_checkable

from shoal.runtime.boards import maker
from shoal.runtime.config import Config
from shoal.runtime.deadletters import DeadLetter
from shoal.runtime.errors import AgentNotFound, ConfigError, ShoalError, SystemClosed
from shoal.runtime.extensions import prepare
from shoal.runtime.host import Host
from shoal.runtime.journal.resuming import TakenRun
from shoal.runtime.logs import set_up_logs
from shoal.runtime.metrics_endpoint import MetricsEndpoint, MetricsServer
from shoal.runtime.metrics_snapshot import Snapshot, take_snapshot
from shoal.runtime.metrics_targets import TargetsFile
from shoal.runtime.news import News
from shoal.runtime.recipe import check_recipe
from shoal.runtime.recorder import NAME as RECORDER
from shoal.runtime.recorder import Recorder
from shoal.runtime.ref import Ref, Sender, check_name, current_sender, make_address
from shoal.runtime.restart_policy import RestartPolicy
from shoal.runtime.run import Run
from shoal.runtime.scribe import give_scribe
from shoal.runtime.spawned import role_of_agent
from shoal.runtime.supervision import Exit
from shoal.runtime.watchdog import LoopWatch

if TYPE_CHECKING:
    from shoal.blackboard.board import Board

_HOOK_S = 1.0
_RECORDER_POLICY = RestartPolicy("permanent", intensity=1000, period_s=60.0, with_client=True)
"""Each restart of it is one of somebody who kills it: a damaged journal is no death. It is hardly ever given up."""
B = TypeVar("B", covariant=True)
R = TypeVar("R", bound=Ref, covariant=True)


class Buildable(Protocol[B]):
    """What ``System.build`` takes: a topology."""

    async def build(self, system: System, name: str | None) -> B:
        """Validate the whole wiring, then start it."""


@runtime_checkable
class HasRef(Protocol[R]):
    """An agent with a kind of ref of its own: a supervisor."""

    def spawned_ref(self, address: str, sender: Sender | None) -> R:
        """The ref that a spawn returns."""


class System:
    """One running system, seen from the process that started it."""

    _kind = "local"

    def __init__(self, config: Config, host: Host, name: str) -> None:
        self.config = config
        self.name = name
        self._host = host
        self._counter = 0
        self._closing: asyncio.Task[None] | None = None
        self._watch = LoopWatch(config.blocked_loop_s, name)
        self._token: Token[Sender] | None = None
        self._metrics: MetricsServer | None = None
        self._targets: TargetsFile | None = None
        self._run: Run | None = None
        self._news: News | None = None
        self._hooks: list[Callable[[], Awaitable[None]]] = []

    @property
    def run(self) -> Run:
        """The run: its tasks and its journal. Raises ``ConfigError`` in a system started without ``run=...``."""
        if self._run is None:
            raise ConfigError(
                "this system has no run: start it with shoal.start(run=True) or a name for the run"
            )
        return self._run

    @property
    def run_id(self) -> str:
        """The run's name; empty in a system without one."""
        return self._run.id if self._run is not None else ""

    @property
    def as_sender(self) -> Host:
        """What sends for code that is no agent."""
        return self._host

    # -- agents --------------------------------------------------------------------------------------------

    @overload
    async def spawn(
        self,
        agent: HasRef[R],
        *,
        name: str | None = None,
        host: str | None = None,
        restart: str = "transient",
        intensity: int = 20,
        period_s: float = 60.0,
    ) -> R: ...

    @overload
    async def spawn(
        self,
        agent: Any,
        *,
        name: str | None = None,
        host: str | None = None,
        restart: str = "transient",
        intensity: int = 20,
        period_s: float = 60.0,
    ) -> Ref: ...

    async def spawn(
        self,
        agent: Any,
        *,
        name: str | None = None,
        host: str | None = None,
        restart: str = "transient",
        intensity: int = 20,
        period_s: float = 60.0,
    ) -> Ref:
        """Start an agent: an ``Agent`` instance or class, an async function, or a factory.

        ``name`` must be new in this system; without one it is called by its class and a number. ``host`` puts it into
        an existing host instead of a process of its own. On Ray an agent whose process dies is started again:
        ``restart`` says when (``permanent``, ``transient``: not after an orderly end, ``temporary``: never), and more
        than ``intensity`` restarts within ``period_s`` seconds mean that it is given up. Returns once ``on_start``
        has returned. Raises ``ConfigError`` (what is spawned cannot work), ``NameTaken`` or ``AgentStartFailed``
        (with its traceback).
        """
        self._check_open()
        check_recipe(agent)
        if name is None:
            name = self.fresh_name(role_of_agent(agent))
        policy = RestartPolicy(restart, intensity, period_s)
        await prepare(self, agent)
        return self._ref(await self._spawn(agent, check_name(name), host, policy), agent)

    def before_shutdown(self, hook: Callable[[], Awaitable[None]]) -> None:
        """Call ``hook`` when the system is about to be shut down, while all agents are still there; for a second."""
        self._hooks.append(hook)

    async def keep(self, agent: Any, name: str, policy: RestartPolicy) -> Ref:
        """Start what a system keeps for itself, as a board: :meth:`spawn` with the whole policy."""
        self._check_open()
        return self._ref(await self._spawn(agent, check_name(name), None, policy), agent)

    def fresh_name(self, base: str) -> str:
        """``base`` with a number that this system has not used."""
        self._counter += 1
        return f"{base}-{self._counter}"

    async def spawn_many(self, agent: Any, count: int, *, name: str, host: str | None = None) -> list[Ref]:
        """Start ``count`` agents ``name-0``, ``name-1``, ... in one host (a new one called ``name`` unless given).

        All start, or none. Idle agents cost memory only: 100,000 fit in one process.
        """
        self._check_open()
        check_recipe(agent)
        check_name(name)
        if count < 1:
            raise ConfigError(f"count is {count}; at least one agent can be started")
        return [self._ref(address) for address in await self._spawn_many(agent, count, name, host)]

    async def host(self, name: str) -> str:
        """Start an empty host (a process, on Ray) for ``spawn(..., host=name)``; returns its name."""
        self._check_open()
        await self._start_host(check_name(name))
        return name

    def ref(self, address: str) -> Ref:
        """A ref by address; nothing is looked up before it is used."""
        return self._ref(address)

    async def build(self, topology: Buildable[B], *, name: str | None = None) -> B:
        """Start a topology; returns its team. Raises ``ConfigError`` before anything is started."""
        self._check_open()
        return await topology.build(self, name)

    async def stop(self, agent: Ref | str, *, drain: bool = False, kill: bool = False) -> None:
        """Stop an agent. What waits in its mailbox becomes dead letters, unless ``drain`` handles it first.

        ``kill`` cancels the running handler at once and skips ``on_stop``. Raises ``Refused`` when there is none.
        """
        self._check_open()
        address = agent if isinstance(agent, str) else agent.address
        await self._host.stop(address, "stopped by the client", drain=drain, kill=kill)

    def board(self, region: str = "main", **settings: Any) -> Board:
        """A region of the blackboard, versioned state that all agents share; its board is started at the first use.

        ``settings`` are the fields of :class:`~shoal.blackboard.spec.RegionSpec`: ``durable``, ``schema``,
        ``history``, ... Agents reach the region ``main`` by ``ctx.board`` once it is open. Raises ``ConfigError``.
        """
        self._check_open()
        return maker().of_system(self, region, settings)

    # -- seeing --------------------------------------------------------------------------------------------

    async def dead_letters(self) -> list[DeadLetter]:
        """The last dead letters of every host, oldest first."""
        return self._host.dead_letters.list()

    async def processes(self) -> dict[str, int]:
        """Process ids of agents' hosts on this machine, by name, for who wants to see what happens when one dies."""
        return {}

    async def restarts(self) -> dict[str, int]:
        """How often each agent's process was started again; those that never were are left out."""
        return {}

    async def wait_failed(self) -> Exit:
        """Wait until an agent that the system itself keeps was given up; returns why, with the chain of causes.

        That is one started by ``spawn`` that ended more often than its intensity allows, or a supervisor that gave
        up. Whoever runs a team waits for its result and for this, whichever comes first.
        """
        return await asyncio.shield(self._host.failure())

    async def health(self, agent: Ref | str | None = None) -> list[dict[str, Any]]:
        """How the hosts are (of one agent, or all): agents, waiting messages, seconds blocked and where."""
        return [
            {**self._host.summary(), "blocked_s": self._watch.silent_s, "stack": ""},
        ]

    async def metrics_endpoints(self) -> list[MetricsEndpoint]:
        """Where the metrics of each node are served; empty with ``metrics_port=None``."""
        if self._metrics is None:
            return []
        return [MetricsEndpoint(self._metrics.url, self._node, self._host.name)]

    def metrics_text(self) -> str:
        """The metrics of this process in Prometheus' text format; needs no endpoint."""
        from shoal.runtime.metrics import render_text  # noqa: PLC0415 - 50 ms that only who looks shall pay

        return render_text([self._snapshot()])

    @property
    def _node(self) -> str:
        return self.name

    @property
    def _machine(self) -> str:
        """What other machines reach this one by; empty: by its name."""
        return ""

    def _snapshot(self) -> Snapshot:
        return take_snapshot(self._host, self._watch.silent_s)

    def _gather(self) -> list[Snapshot]:
        """What a scrape shows; called in the endpoint's thread."""
        return [self._snapshot()]

    # -- life ----------------------------------------------------------------------------------------------

    async def __aenter__(self) -> System:
        self._token = current_sender.set(self._host)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            current_sender.reset(self._token)
            self._token = None
        await self._close(exc)

    async def shutdown(self) -> None:
        """Stop every agent in order, newest first, and leave no process behind. Safe to call twice.

        Called while an exception is being handled, it leaves a run as one that did not come to its end.
        """
        await self._close(sys.exception())

    async def _close(self, error: BaseException | None) -> None:
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._end(error))
        # Shielded: a Ctrl-C while we stop must not leave processes behind.
        await asyncio.shield(self._closing)

    async def _end(self, error: BaseException | None) -> None:
        for hook in self._hooks:
            with contextlib.suppress(ShoalError, TimeoutError):
                async with asyncio.timeout(_HOOK_S):
                    await hook()
        if self._run is not None:
            if self._news is not None:
                await self._news.stop()
            await self._run.finish(error)
        try:
            await self._shutdown()
        finally:
            if self._run is not None:
                self._run.release()

    async def _open_run(self, taken: TakenRun) -> None:
        """Start the recorder of a run, and say in its journal that it goes on here. Raises ``StoreError``."""
        run = Run(taken, self._host)
        await self._spawn(Recorder(str(run.path)), RECORDER, None, _RECORDER_POLICY)
        await run.begin(self._kind)
        give_scribe(self._host)
        self._run = run
        self._news = News(run, self._host, self._happened, self.dead_letters)
        self._news.start()
        if self.config.metrics_port is not None:
            self._targets = TargetsFile(run.path.parent, run.id, self.metrics_endpoints)
            self._targets.start()

    async def _happened(self, after: float) -> list[dict[str, Any]]:
        """What was told of agents since then."""
        return [event for event in self._host.events if event["at"] >= after]

    async def _shutdown(self) -> None:
        await self._host.close("the system was shut down")
        self._watch.stop()
        await self._stop_metrics()

    async def _stop_metrics(self) -> None:
        if self._targets is not None:
            await self._targets.stop()
        if self._metrics is not None:
            await asyncio.to_thread(self._metrics.stop)

    # -- what differs between local and Ray ----------------------------------------------------------------

    def _begin(self) -> None:
        set_up_logs()
        if self.config.metrics_port is not None:
            self._metrics = MetricsServer(
                self.config.metrics_port,
                self._gather,
                listen=self.config.metrics_host,
                known_as=self._machine,
            )
        self._watch.start(asyncio.get_running_loop())

    def _ref(self, address: str, agent: Any = None) -> Ref:
        if isinstance(agent, HasRef):
            ref: Ref = agent.spawned_ref(address, self._host)
            return ref
        return Ref(address, self._host)

    def _check_open(self) -> None:
        if self._closing is not None:
            raise SystemClosed("the system is shut down")

    async def _spawn(self, agent: Any, name: str, host: str | None, policy: RestartPolicy) -> str:
        if host is None or host in self._local_hosts:
            return (await self._host.add(agent, name, make_address(name, host or name))).address
        raise AgentNotFound(f"there is no host {host!r} in this system")

    @property
    def _local_hosts(self) -> set[str]:
        return self._host.aliases

    async def _spawn_many(self, agent: Any, count: int, name: str, host: str | None) -> list[str]:
        if host is None:
            await self._start_host(name)
        addresses: list[str] = []
        try:
            for index in range(count):
                addresses.append(await self._spawn(agent, f"{name}-{index}", host or name, RestartPolicy()))
        except BaseException:
            for address in addresses:
                await self._host.stop(address, "one of its group could not start", kill=True)
            raise
        return addresses

    async def _start_host(self, name: str) -> None:
        self._host.add_alias(name)
