"""Worker (orchestrator-worker): an orchestrator routes each message to a worker, or splits it among several.

Failure modes and what is done about them: misrouting → only workers whose handlers accept the message's type are
eligible, and an unknown choice goes to the fallback or is a typed error; one slow worker → least-loaded routing;
unbounded fan-out → ``parallel`` limits the subtasks of one message; a lost subtask → its error is the task's error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shoal.runtime.context import Context
from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import Ref
from shoal.topologies.member import Signature, returns_for, signature_of, type_names
from shoal.topologies.routers import LeastLoaded, Router, WorkerView
from shoal.topologies.wiring import Front, Topology

Split = Callable[[Any], Sequence[Any]]
Merge = Callable[[Any, Sequence[Any]], Any]


class Orchestrator(Front):
    """Routes, splits and merges."""

    def __init__(
        self,
        signature: Signature,
        workers: dict[str, tuple[Ref, Signature, tuple[str, ...]]],
        router: Router,
        split: Split | None,
        merge: Merge | None,
        fallback: str | None,
        parallel: int,
    ) -> None:
        super().__init__(signature)
        self._refs = {name: ref for name, (ref, _, _) in workers.items()}
        self._signatures = {name: signature for name, (_, signature, _) in workers.items()}
        self._views = {name: WorkerView(name, capabilities) for name, (_, _, capabilities) in workers.items()}
        self._router = router
        self._split = split
        self._merge = merge
        self._fallback = fallback
        self._parallel = parallel

    async def lead(self, message: Any, ctx: Context) -> Any:
        """One message: to one worker, or its parts to several and their answers merged."""
        if self._split is None:
            return await self._give(message, ctx)
        gate = asyncio.Semaphore(self._parallel)

        async def part(subtask: Any) -> Any:
            async with gate:
                return await self._give(subtask, ctx)

        async with asyncio.TaskGroup() as group:
            parts = [group.create_task(part(subtask)) for subtask in self._split(message)]
        results = [task.result() for task in parts]
        return self._merge(message, results) if self._merge is not None else results

    async def _give(self, message: Any, ctx: Context) -> Any:
        name = self._choose(message)
        view = self._views[name]
        view.open += 1
        try:
            return await ctx.ask(self._refs[name], message)
        finally:
            view.open -= 1
            view.done += 1

    def _choose(self, message: Any) -> str:
        kind = type(message)
        able = [view for name, view in self._views.items() if self._signatures[name].takes(kind)]
        name = self._router(message, able) if able else ""
        if name in self._refs and any(view.name == name for view in able):
            return name
        if self._fallback is not None:
            return self._fallback
        known = ", ".join(self._refs)
        why = f"the router chose {name!r}" if name else f"no worker was chosen for {kind.__name__}"
        raise ConfigError(f"{why}; workers are {known}, and there is no fallback")


class Worker(Topology):
    """See :func:`worker`."""

    pattern = "worker"

    def __init__(
        self,
        workers: dict[str, Any],
        router: Router,
        split: Split | None,
        merge: Merge | None,
        fallback: str | None,
        parallel: int,
        accepts: type | None,
    ) -> None:
        super().__init__(workers)
        self._router = router
        self._split = split
        self._merge = merge
        self._fallback = fallback
        self._parallel = parallel
        self._accepts = accepts

    def validate(self) -> None:
        """Members, router, fallback, and that a split has what it needs."""
        super().validate()
        if not callable(self._router):
            raise ConfigError(f"worker: router {self._router!r} is not callable (message, workers) -> name")
        if self._fallback is not None and self._fallback not in self.members:
            raise ConfigError(f"worker: fallback {self._fallback!r} is none of {', '.join(self.members)}")
        if self._merge is not None and self._split is None:
            raise ConfigError("worker: merge needs split, whose results it merges")
        if self._parallel < 1:
            raise ConfigError(f"worker: parallel is {self._parallel}; at least one subtask must run")

    def signature(self) -> Signature:
        """What any worker accepts and returns; a split accepts what it is told to."""
        if self._split is not None:
            return Signature((self._accepts,) if self._accepts is not None else None, None)
        signatures = [signature_of(member) for member in self.members.values()]
        accepts = _union([signature.accepts for signature in signatures])
        returns = _union([signature.returns for signature in signatures])
        return Signature(accepts, returns)

    def front(self, refs: dict[str, Ref]) -> Front:
        """The orchestrator."""
        workers = {
            name: (refs.get(name, Ref(name)), signature_of(member), tuple(getattr(member, "capabilities", ())))
            for name, member in self.members.items()
        }
        return Orchestrator(
            self.signature(), workers, self._router, self._split, self._merge, self._fallback, self._parallel
        )


def _union(parts: list[tuple[type, ...] | None]) -> tuple[type, ...] | None:
    if any(part is None for part in parts):
        return None
    return tuple(dict.fromkeys(kind for part in parts for kind in part or ()))


def worker(
    workers: Mapping[str, Any] | Sequence[Any],
    *,
    router: Router | None = None,
    split: Split | None = None,
    merge: Merge | None = None,
    fallback: str | None = None,
    parallel: int = 64,
    accepts: type | None = None,
) -> Worker:
    """Orchestrator and workers.

    ``workers``: agents by name, or a list (named ``1``, ``2``, ...). Each message goes to one worker that accepts its
    type, chosen by ``router`` (default: least loaded). With ``split``, a message becomes subtasks that run side by
    side, ``parallel`` at most, and ``merge(message, results)`` makes the answer (default: the list). ``fallback``
    names the worker for messages that the router places nowhere; ``accepts`` the type a split takes.
    """
    named = dict(workers) if isinstance(workers, Mapping) else {str(i): w for i, w in enumerate(workers, 1)}
    return Worker(named, router or LeastLoaded(), split, merge, fallback, parallel, accepts)
