"""Plays a task of a finished run again: the same team, the recorded answers of models and tools, no network.

The replay is a run of its own, in a temporary directory and under the same name: so messages get the ids they had, and
effects are asked for under the names they have. What is not recorded is refused (:mod:`.replay_store`), and what came
out otherwise is told (:mod:`.divergence`).
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shoal.experiments.errors import Diverged
from shoal.experiments.replaying.divergence import Divergence, Ended, divergences
from shoal.experiments.replaying.effect_record import EffectRecord
from shoal.experiments.replaying.no_network import no_network
from shoal.experiments.replaying.replay_store import ReplayAccess, ReplayStore
from shoal.experiments.workload.outputs import output_of
from shoal.runtime.codec import decode
from shoal.runtime.durable.run_effects import Name, RunEffects, run_effects
from shoal.runtime.durable.store import Recorded
from shoal.runtime.errors import ShoalError
from shoal.runtime.journal.errors import TaskUnknown
from shoal.runtime.journal.ledger import TaskEntry, TaskState
from shoal.runtime.journal.reader import RunReader
from shoal.runtime.starting import start
from shoal.topologies.wiring.topology import Topology

_FOREVER_S = 24 * 3600.0


@dataclass(frozen=True)
class Options:
    """How a task is played again."""

    live: bool = False
    """Do what is not recorded, for new answers of models and tools, in place of refusing it."""
    debug: bool = False
    """Stop in the debugger where the replay diverges or a handler raises; nothing has a time limit then."""
    limit_s: float = 600.0
    """Longest time for one task."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Of the system, as ``models``."""
    state_store: str = ""
    """The PostgreSQL that the run's state is in, for who knows it."""


@dataclass(frozen=True)
class Replayed:
    """What came of it."""

    task: str
    then: Ended
    now: Ended
    divergences: list[Divergence]
    messages: int
    """Messages that were handled."""
    effects: int
    """Recorded effects that were taken."""

    @property
    def same(self) -> bool:
        """Whether it went as it did then."""
        return not self.divergences


async def replay_task(
    reader: RunReader, topology: Topology, team: str, task: str, options: Options | None = None
) -> Replayed:
    """Play ``task`` of the run again, with ``topology`` as the team called ``team``.

    Raises :class:`TaskUnknown` when the run has no such task, :class:`StoreError` when its records cannot be read, and
    what keeps the team from starting. An error of the task is in the result.
    """
    options = options or Options()
    entry = reader.task(task)
    if entry is None:
        raise TaskUnknown(
            f"run {reader.manifest.run!r} has no task {task!r}, or it was never begun: `shoal trace "
            f"{reader.manifest.run}` lists tasks",
            task=task,
        )
    before = reader.messages(task)
    with run_effects(reader.path, options.state_store) as recorded:
        handled = {(one.recipient, bytes.fromhex(one.id)) for one in before}
        record = EffectRecord(_effects_of(recorded, handled), lambda name: recorded.find(*name))
        with tempfile.TemporaryDirectory(prefix="shoal-replay-") as folder:
            await _play(entry, reader.manifest.run, topology, team, record, Path(folder), options)
            with RunReader(Path(folder) / reader.manifest.run) as replayed:
                again, now = replayed.task(task), replayed.messages(task)
    assert again is not None
    ended = _ended(entry), _ended(again)
    unsettled = entry.open or entry.attempts > 1
    found = divergences(before, now, record, ended, unsettled=unsettled)
    return Replayed(task, *ended, found, len(now), len(record.taken))


def _effects_of(recorded: RunEffects, handlings: Iterable[tuple[str, bytes]]) -> dict[Name, Recorded]:
    """All effects of several handlings."""
    return {
        Name(agent, scope, key): effect
        for agent, scope in handlings
        for key, effect in recorded.of_handling(agent, scope).items()
    }


async def _play(
    entry: TaskEntry,
    run: str,
    topology: Topology,
    team: str,
    record: EffectRecord,
    folder: Path,
    options: Options,
) -> None:
    limit_s = None if options.debug else options.limit_s
    settings: dict[str, Any] = {
        **options.settings, "journal": "messages", "ask_timeout_s": None, "handler_timeout_s": None,
        "blocked_loop_s": _FOREVER_S,
    }  # fmt: skip
    message = decode(entry.tag, entry.payload)
    guard = contextlib.nullcontext() if options.live else no_network()
    async with start("local", run=run, runs_root=folder, **settings) as system:
        stop = _debugger() if options.debug else _go_on
        host = system.as_sender
        host.state = ReplayAccess(host, ReplayStore(record, live=options.live, diverging=stop))
        if options.debug:
            host.raising = _post_mortem
        built = await system.build(topology, name=team)
        with guard, contextlib.suppress(ShoalError, TimeoutError):
            async with asyncio.timeout(limit_s):
                await system.run.task(built, message, task=entry.task, attempts=1)


def _ended(entry: TaskEntry) -> Ended:
    if entry.state in (TaskState.DONE, TaskState.PARTIAL):
        return Ended(entry.state, output_of(entry.result_tag, entry.result), entry.error, entry.error_text)
    return Ended(entry.state, None, entry.error, entry.error_text)


def _go_on(error: Diverged) -> None:
    """Nobody looks: the error says it."""


def _debugger() -> Callable[[Diverged], None]:
    def stop(error: Diverged) -> None:
        print(f"\n{error}\nThe replay diverges here; `up` goes to the agent's code.")  # noqa: T201 - for who debugs
        breakpoint()

    return stop


def _post_mortem(error: BaseException) -> None:
    import pdb  # noqa: PLC0415 - asked for by --pdb

    print(f"\n{type(error).__name__}: {error}")  # noqa: T201 - for who debugs
    pdb.post_mortem(error.__traceback__)
