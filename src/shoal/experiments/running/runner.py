"""One session of a run: from its plan to results in which no task is missing.

The ledger is the truth. Results are written from it, when a session begins and when it ends, whichever way; in between
a line is added for each task that ends. A session that ends before every task has leaves the run as interrupted.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any

import shoal.actors.llm.extension  # noqa: F401 - a system reads models and limits once that is there
from shoal.actors.limits import LevelStatus, open_limits
from shoal.actors.limits.spec import RUN
from shoal.actors.llm.books import settle_books
from shoal.actors.llm.registry import limits_of
from shoal.experiments.errors import ExperimentError
from shoal.experiments.layout import LOG_FILE
from shoal.experiments.result import Result, State
from shoal.experiments.running.display import Display, shown_by
from shoal.experiments.running.judging import judge_left
from shoal.experiments.running.live_results import LiveResults
from shoal.experiments.running.outcome import Ending, Outcome
from shoal.experiments.running.plan import TEAM, Plan
from shoal.experiments.running.progress import Progress
from shoal.experiments.running.ran_out import run_is_out_of_budget, what_ran_out
from shoal.experiments.running.rewriting import Names, rewrite
from shoal.experiments.running.run_files import begin_files
from shoal.experiments.running.run_log import logs_go_to
from shoal.experiments.running.scores import Scores
from shoal.experiments.running.settings import settings_of
from shoal.experiments.running.stop import Stop
from shoal.experiments.running.summary import Summary
from shoal.experiments.running.tracing import Tracing
from shoal.experiments.running.unbegun import is_unbegun
from shoal.experiments.running.watching import look_at
from shoal.experiments.task import Task
from shoal.runtime.journal.resuming import going_on_with
from shoal.runtime.ref import Ref
from shoal.runtime.run import Run
from shoal.runtime.starting import start
from shoal.runtime.supervision import Exit
from shoal.runtime.system import System

_LOOK_S, _RARELY_S = 1.0, 10.0
_LOOK_SHARE = 5.0
"""Looking takes at most one part of so many of the time, for a status of 100,000 tasks is long; but it is looked."""
_log = logging.getLogger("shoal.experiments")


class _Unfinished(ExperimentError):
    """The session ends before every task has: what the journal says about it."""


class Runner:
    """Runs a plan, once."""

    def __init__(self, plan: Plan, *, stop: Stop | None = None, display: Display | None = None) -> None:
        self._plan = plan
        self._stop = stop or Stop()
        self._display = display
        self._scores = Scores(plan.scorer)
        self._tasks = {task.task: task for task in plan.tasks}
        self._progress = Progress(plan.run, len(plan.tasks), time.monotonic())
        self._ending = Ending.COMPLETE
        self._short = ""
        self._ends_at: float | None = None
        self._path: Path | None = None

    async def run(self) -> Outcome:
        """Do what is left to do.

        Raises what keeps the system from starting or the team from being built, ``RunError`` when the run cannot be
        had, ``StoreError`` when nothing can be recorded, and :class:`ExperimentError` when an agent of the team was
        given up. Whatever it raises, the run can be resumed once it has begun.
        """
        async with shown_by(self._display, self._progress):
            try:
                with contextlib.suppress(_Unfinished):
                    await self._session()
            except BaseException:
                await self._save_what_there_is()
                raise
            await judge_left(self._plan.path, self._plan.tasks, self._scores, self._stop, self._progress)
            self._progress.note = "writing results"
            summary = await asyncio.to_thread(self._rewrite)
        ending = Ending.COMPLETE if summary.complete else self._ending  # it may be stopped with nothing left
        if summary.unjudged and ending is Ending.COMPLETE:
            ending = Ending.STOPPED
        return Outcome(self._plan.run, self._plan.path, ending, summary, self._short)

    # -- a session -----------------------------------------------------------------------------------------

    async def _session(self) -> None:
        plan = self._plan
        if plan.resume:
            # Nothing is closed: a host that outlived the program may still record a call.
            await asyncio.to_thread(settle_books, plan.path, over=False, state_store=plan.state_store)
        there = plan.resume or await asyncio.to_thread(is_unbegun, plan.path)
        with going_on_with(plan.path) if there else contextlib.nullcontext():
            folder = Path(plan.environment.folder)
            settings = settings_of(plan.experiment, folder, plan.address, runs=plan.root)
            failed: asyncio.Future[Exit] | None = None
            try:
                async with (
                    # Left after the system, whose end is in the last traces.
                    Tracing(plan) as tracing,
                    start(plan.address, run=plan.run, runs_root=plan.root, **settings) as system,
                ):
                    self._path = system.run.path
                    await tracing.begin(self._path)
                    self._stop.again()
                    failed = asyncio.ensure_future(system.wait_failed())
                    with logs_go_to(self._path / LOG_FILE):
                        await self._work(system, failed)
            finally:
                if failed is not None:  # it is waited for to the end: the system's own end is news, too
                    failed.cancel()
                    await asyncio.gather(failed, return_exceptions=True)

    async def _work(self, system: System, failed: asyncio.Future[Exit]) -> None:
        run = system.run
        ended = await asyncio.to_thread(begin_files, self._plan, run.path, self._scores, now=time.time())
        for state in ended.values():
            self._progress.ended(state, time.monotonic(), recorded=True)
        left = [task for task in self._plan.tasks if task.task not in ended]
        if not left:
            return
        await self._open_limits(system)
        team = await system.build(self._plan.topology, name=TEAM)
        self._progress.began(time.monotonic())
        watching = asyncio.ensure_future(self._watch(system))
        try:
            await self._race(self._do(run, team, left), failed)
        finally:
            self._progress.note = "stopping"
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _open_limits(self, system: System) -> None:
        """Also where nothing is limited: what was spent is counted then."""
        limits = await open_limits(system, limits_of(system.config))
        self._see_time((await limits.begin()).levels[RUN])

    def _see_time(self, budget: LevelStatus) -> None:
        """When the run's time is over, by its budget."""
        left_s = budget.left.wall_s
        self._ends_at = None if left_s is None else time.monotonic() + left_s

    async def _race(self, doing: Coroutine[Any, Any, None], failed: asyncio.Future[Exit]) -> None:
        """Do it, unless somebody stops it or the team falls apart."""
        work = asyncio.ensure_future(doing)
        stopped = asyncio.ensure_future(self._stop.wait())
        try:
            first: list[asyncio.Future[Any]] = [work, stopped, failed]
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
            elif failed.done():
                raise _given_up(failed.result())
            else:
                self._ending = Ending.STOPPED
                raise _Unfinished(f"it was stopped ({self._stop.why})")
        finally:
            work.cancel()
            stopped.cancel()
            await asyncio.gather(work, stopped, return_exceptions=True)

    async def _do(self, run: Run, team: Ref, left: list[Task]) -> None:
        plan, experiment = self._plan, self._plan.experiment
        out = False

        def to_do() -> Iterator[tuple[str, Any]]:
            nonlocal out
            for task in left:
                if self._ends_at is not None and time.monotonic() >= self._ends_at:
                    out, self._short = True, self._short or "wall"
                if out:
                    return
                self._progress.submitted()
                yield task.task, plan.message(task)

        async with self._live(run.path) as live:
            results = run.tasks(
                team,
                to_do(),
                concurrency=experiment.concurrency,
                timeout_s=experiment.timeout_s,
                attempts=experiment.attempts,
                retry_failed=plan.retry_failed,
                leave_open=run_is_out_of_budget,
            )
            async with contextlib.aclosing(results):
                async for result in results:
                    self._progress.returned()
                    if (
                        result.error is not None
                        and run_is_out_of_budget(result.error)
                        and not result.recorded
                    ):
                        out, self._short = True, self._short or what_ran_out(result.error)
                    else:
                        live.put(result.task)
        if out:
            self._ending = Ending.OUT_OF_BUDGET
            raise _Unfinished("the run's budget was used up")

    @contextlib.asynccontextmanager
    async def _live(self, path: Path) -> AsyncIterator[LiveResults]:
        live = LiveResults(path, self._tasks, self._scores, self._ended)
        try:
            yield live
            await live.finish()
        finally:
            await live.close()

    def _ended(self, result: Result) -> None:
        state = result.state if result.ended_at is not None else State.FAILED
        self._progress.ended(state, time.monotonic())

    # -- beside it -----------------------------------------------------------------------------------------

    async def _watch(self, system: System) -> None:
        while True:
            began = time.monotonic()
            look = await look_at(system)
            self._progress.looked(look)
            if look.budget is not None:  # it may have been raised
                self._see_time(look.budget)
            took = time.monotonic() - began
            await asyncio.sleep(min(max(_LOOK_S, _LOOK_SHARE * took), _RARELY_S))

    # -- results -------------------------------------------------------------------------------------------

    def _rewrite(self) -> Summary:
        plan = self._plan
        names = Names(plan.run, plan.experiment.name, plan.environment.team)
        out = self._ending is Ending.OUT_OF_BUDGET
        return rewrite(plan.path, plan.tasks, self._scores, names, plan.state_store, out_of_budget=out)

    async def _save_what_there_is(self) -> None:
        """After an error: what it was is said by that, and results that cannot be written now are by a resume."""
        if self._path is None:
            return
        try:
            await asyncio.to_thread(self._rewrite)
        except Exception as exc:
            _log.warning("the results of %s were not written: %s", self._plan.run, exc)


def _given_up(last: Exit) -> ExperimentError:
    chain = " <- ".join(
        f"{link.who}: {link.kind.value}" + (f" ({link.text})" if link.text else "") for link in last.chain()
    )
    return ExperimentError(f"the team fell apart: {chain}", who=last.who)
