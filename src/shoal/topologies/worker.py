"""Worker (orchestrator-worker): an orchestrator routes each message to a worker, or splits it among several.

Failure modes and what is done about them: misrouting → only workers whose handlers accept the message's type
are eligible, and an unknown choice goes to the fallback or is a typed error; a worker that is gone → another
does it; one slow worker → least-loaded routing; unbounded fan-out → ``parallel`` limits the subtasks of one
message; a lost subtask → its error is the task's error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from shoal.runtime.codec import NATIVE
from shoal.runtime.context import Context
from shoal.runtime.errors import AgentNotFound, AgentStopped, ConfigError
from shoal.runtime.ref import Ref
from shoal.topologies.errors import NoWorker
from shoal.topologies.front import Front
from shoal.topologies.routers import LeastLoaded, Router, WorkerView
from shoal.topologies.signature import Signature, either, kinds_of, signature_of_function, type_names
from shoal.topologies.wiring import Topology

Split = Callable[[Any], Sequence[Any]]
Merge = Callable[[Any, Sequence[Any]], Any]


@dataclass(frozen=True)
class Plan:
    """How the orchestrator works; see :func:`worker`."""

    router: Router
    split: Split | None
    merge: Merge | None
    fallback: str | None
    parallel: int


@dataclass(frozen=True)
class Hand:
    """A worker as the orchestrator has it."""

    ref: Ref
    signature: Signature
    view: WorkerView


class Orchestrator(Front):
    """Routes, splits and merges."""

    def __init__(self, plan: Plan, hands: dict[str, Hand]) -> None:
        self._plan = plan
        self._hands = hands

    async def lead(self, message: Any, ctx: Context) -> Any:
        """One message: to one worker, or its parts to several and their answers merged."""
        if self._plan.split is None:
            return await self._give(message, ctx)
        gate = asyncio.Semaphore(self._plan.parallel)

        async def part(subtask: Any) -> Any:
            async with gate:
                return await self._give(subtask, ctx)

        try:
            async with asyncio.TaskGroup() as group:
                parts = [group.create_task(part(subtask)) for subtask in self._plan.split(message)]
        except* Exception as failed:
            raise failed.exceptions[0] from None  # the first to fail; the others were cancelled for it
        results = [task.result() for task in parts]
        return self._plan.merge(message, results) if self._plan.merge is not None else results

    async def _give(self, message: Any, ctx: Context) -> Any:
        """Ask the chosen worker; the next one where it certainly has not done it, being gone."""
        gone: dict[str, str] = {}
        while True:
            hand = self._choose(message, gone)
            hand.view.open += 1
            try:
                return await self.ask(hand.ref, message, ctx)
            except (AgentNotFound, AgentStopped) as error:
                gone[hand.view.name] = error.text
            finally:
                hand.view.open -= 1
                hand.view.done += 1

    def _choose(self, message: Any, gone: Mapping[str, str]) -> Hand:
        fits = {name: hand for name, hand in self._hands.items() if hand.signature.takes(type(message))}
        able = {name: hand for name, hand in fits.items() if name not in gone}
        name = self._plan.router(message, [hand.view for hand in able.values()]) if able else None
        if isinstance(name, str) and name in able:
            return able[name]
        if self._plan.fallback is not None and self._plan.fallback not in gone:
            return self._hands[self._plan.fallback]
        kind = type(message).__name__
        if gone:
            raise NoWorker(f"no worker is left for {kind}: {'; '.join(gone.values())}")
        why = f"no worker accepts {kind}"
        if fits:
            choice = repr(name) if name else "nobody"
            why = f"the router chose {choice} for {kind}, which {', '.join(fits)} could take"
        raise NoWorker(f"{why}; workers are {', '.join(self._hands)}, and there is no fallback")


class Worker(Topology):
    """See :func:`worker`."""

    pattern = "worker"

    def __init__(self, workers: dict[str, Any], plan: Plan, accepts: type | None) -> None:
        super().__init__(workers)
        self._plan = plan
        self._accepts = accepts

    def validate(self) -> None:
        """Members, router, fallback, and that a split has what it needs."""
        super().validate()
        plan = self._plan
        if not callable(plan.router):
            raise ConfigError(f"worker: router {plan.router!r} is not callable (message, workers) -> name")
        for what, function in (("split", plan.split), ("merge", plan.merge)):
            if function is not None and (not callable(function) or asyncio.iscoroutinefunction(function)):
                raise ConfigError(
                    f"worker: {what} {function!r} is no plain function; async work belongs to an agent"
                )
        if plan.fallback is not None and plan.fallback not in self.members:
            raise ConfigError(f"worker: fallback {plan.fallback!r} is none of {', '.join(self.members)}")
        if plan.split is None and (plan.merge is not None or self._accepts is not None):
            what = "merge" if plan.merge is not None else "accepts"
            raise ConfigError(f"worker: {what} is given without split, to which it belongs")
        if plan.parallel < 1:
            raise ConfigError(f"worker: parallel is {plan.parallel}; at least one subtask must run")
        if plan.split is not None:
            self._check_subtasks(plan.split)

    def _check_subtasks(self, split: Split) -> None:
        made = get_args(signature_of_function(split)[1])
        subtasks = kinds_of(made[0]) if made else None
        workers = [self.signature_of(name) for name in self.members]
        for kind in subtasks or ():
            if self._plan.fallback is None and not any(one.takes(kind) for one in workers):
                raise ConfigError(f"worker: split makes {type_names((kind,))}, which no worker accepts")
        answers = [kind for one in workers for kind in one.answers_to(subtasks) or ()]
        models = tuple(dict.fromkeys(kind for kind in answers if kind not in NATIVE))
        if models and self._plan.merge is None:
            raise ConfigError(
                f"worker: the workers answer {type_names(models)}, and a list of models is no message: "
                "give merge, which makes one message of them"
            )

    def signature(self) -> Signature:
        """What any worker takes and answers; with a split, what split takes and merge returns."""
        plan = self._plan
        if plan.split is not None:
            accepts = (self._accepts,) if self._accepts else kinds_of(signature_of_function(plan.split)[0])
            returns = kinds_of(signature_of_function(plan.merge)[1]) if plan.merge is not None else (list,)
            return Signature(dict.fromkeys(accepts or (object,), returns))
        workers = [self.signature_of(name) for name in self.members]
        kinds = dict.fromkeys(kind for one in workers for kind in one.answers)
        return Signature(
            {kind: either(one.answers_to((kind,)) for one in workers if one.takes(kind)) for kind in kinds}
        )

    def front(self, refs: dict[str, Ref]) -> Front:
        """The orchestrator."""
        hands = {}
        for name, member in self.members.items():
            able_to = tuple(getattr(member, "capabilities", ()))
            hands[name] = Hand(refs[name], self.signature_of(name), WorkerView(name, able_to))
        return Orchestrator(self._plan, hands)


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

    ``workers``: agents by name, or a list (named ``1``, ``2``, ...). Each message goes to one worker that
    accepts its type, chosen by ``router`` (default: least loaded). With ``split``, a message becomes subtasks
    that run side by side, ``parallel`` at most, and ``merge(message, results)`` makes the answer (default:
    the list, where the results are native values). ``fallback`` names the worker for messages that the router
    places nowhere; ``accepts`` the type a split takes, where its annotation does not say.
    """
    named = dict(workers) if isinstance(workers, Mapping) else {str(i): w for i, w in enumerate(workers, 1)}
    return Worker(named, Plan(router or LeastLoaded(), split, merge, fallback, parallel), accepts)
