"""A run whose process is killed at a given point, once and again, and resumed to its end. Run as a program::

    python -m tests.actors.llm.dying_run DIRECTORY '{"NAME": ["POINT:TIMES", ...], ...}'

Each POINT:TIMES is one process that is killed when it comes to the point for the TIMES-th time; a last one comes to its
end. ``settled`` among them settles the books at that place (not over), as who resumes a run does. The processes are
forked, so that shoal is imported once. What is printed is at which points a process was killed, by name.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import shoal
from shoal.actors.limits.ledger_file import LedgerFile
from shoal.actors.limits.permits import LimiterPermits
from shoal.actors.llm import LLMAgent
from shoal.actors.llm.books import settle_books
from shoal.models.calling.attempt import Attempts
from shoal.models.chat import ChatRequest, Usage
from shoal.models.errors import ModelUnavailable
from shoal.models.scripted import Reply, ScriptedModel
from shoal.models.spec import Model, Price, Retry
from shoal.runtime.durable.sqlite_store import SqliteStateStore
from shoal.runtime.journal.journal import Journal
from shoal.runtime.scribe import Scribe

RUN = "dying"
TASKS = 12
BEFORE, AFTER = "before", "after"
POINTS: dict[str, tuple[type, str, str]] = {
    "given_leave": (LedgerFile, "write", AFTER),
    "not_written": (LedgerFile, "write", BEFORE),
    "answered": (Attempts, "_settle", BEFORE),
    "told_the_limiter": (Attempts, "_settle", AFTER),
    "not_recorded": (SqliteStateStore, "once_done", BEFORE),
    "recorded": (SqliteStateStore, "once_done", AFTER),
    "said_so": (LimiterPermits, "recorded", AFTER),
    "noted": (Scribe, "span", AFTER),
    "journaled": (Journal, "append_all", AFTER),
}
"""Where a process can be killed: before or after a method."""
_numbers = count(1)
"""Of the requests of this process."""


class Priced(ScriptedModel):
    """Its tokens cost fractions of billionths of a dollar; now and then it fails once, or does not say its usage."""

    spec = Model(
        model="scripted", provider="scripted", max_output_tokens=100,
        price=Price(input=0.1234567, output=0.7654321), retry=Retry(attempts=3, first_s=0.001, most_s=0.001),
    )  # fmt: skip


def reply(request: ChatRequest) -> Reply | Exception:
    number = next(_numbers)
    if number % 5 == 2:
        return ModelUnavailable("down", usage=Usage(input_tokens=7).model_dump())
    if number % 7 == 3:
        return Reply("ok" * number, usage="missing")
    return Reply("ok" * number, usage=Usage(input_tokens=31, output_tokens=number))


def kill_at(point: str, times: int) -> None:
    """This process is killed when it comes there for the ``times``-th time."""
    owner, name, when = POINTS[point]
    original: Callable[..., Any] = getattr(owner, name)
    left = times

    def reached() -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    def method(self: Any, *args: Any, **named: Any) -> Any:
        if when == BEFORE:
            reached()
        result = original(self, *args, **named)
        if when == AFTER:
            reached()
        return result

    setattr(owner, name, method)


async def session(root: Path, resume: bool) -> None:
    """Do the run's tasks, those that are left."""
    if resume:
        os.environ["SHOAL_RESUME"] = RUN
    async with shoal.start(
        "local", run=RUN, runs_root=root, journal="messages", budget={"tokens": 10**9, "usd": 100.0}
    ) as system:
        agents = {name: LLMAgent(Priced(reply), name=name) for name in ("a", "b")}
        team = await system.build(shoal.worker(agents), name="desk")
        tasks = {f"t{number}": f"hello {number}" for number in range(TASKS)}
        async for result in system.run.tasks(team, tasks, concurrency=4):
            result.unwrap()


def forked(root: Path, point: str, times: int, resume: bool) -> bool:
    """One process; whether it was killed."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    try:
        if point:
            kill_at(point, times)
        asyncio.run(session(root, resume))
    except BaseException as error:
        sys.stderr.write(f"{error!r}\n")
        os._exit(1)
    os._exit(0)


def die(root: Path, plan: list[str]) -> list[str]:
    """Go through a plan; the points at which a process was killed."""
    killed = []
    for number, step in enumerate([*plan, ":0"]):
        if step == "settled":
            settle_books(root / RUN, over=False)
            continue
        point, _, times = step.partition(":")
        if forked(root, point, int(times), resume=number > 0):
            killed.append(point)
    return killed


if __name__ == "__main__":
    plans = json.loads(sys.argv[2])
    json.dump({name: die(Path(sys.argv[1]) / name, plan) for name, plan in plans.items()}, sys.stdout)
