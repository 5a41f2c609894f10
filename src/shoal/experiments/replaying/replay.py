"""Plays a task of a finished run again: the same team, the recorded answers of models and tools, no network.

The replay is a run of its own, in a temporary directory and under the same name: so messages get the ids they had, and
effects are asked for under the names they have. Boards are as they were when the task began (:mod:`.boards_then`), and
what people decided is played back (:mod:`.decisions_then`).
What is not recorded is refused (:mod:`.replay_store`), and what came
out otherwise is told (:mod:`.divergence`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shoal.actors.approvals.messages import ADDRESS
from shoal.experiments.errors import Diverged
from shoal.experiments.replaying.beginning import of_agents, of_boards, of_choices
from shoal.experiments.replaying.boards_then import copy_boards
from shoal.experiments.replaying.decisions_then import DecisionsThen, requests_of
from shoal.experiments.replaying.divergence import Divergence, divergences
from shoal.experiments.replaying.effect_record import EffectRecord
from shoal.experiments.replaying.ended import Ended, ended_of
from shoal.experiments.replaying.lost_rows import of_kills
from shoal.experiments.replaying.no_network import Refusals, no_network
from shoal.experiments.replaying.replay_store import ReplayAccess, ReplayStore
from shoal.runtime.codec import decode
from shoal.runtime.config import Config
from shoal.runtime.durable.run_effects import VARIABLE, Name, RunEffects, run_effects
from shoal.runtime.durable.store import Recorded
from shoal.runtime.errors import ShoalError
from shoal.runtime.journal.entries import MessageEntry
from shoal.runtime.journal.errors import TaskUnknown
from shoal.runtime.journal.ledger import TaskEntry
from shoal.runtime.journal.reader import RunReader
from shoal.runtime.starting import start
from shoal.runtime.terminal.text import clipped
from shoal.topologies.wiring.topology import Topology

_FOREVER_S = 24 * 3600.0
_SAID_CHARS = 2000


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
    messages_then: int = 0
    """Messages that were handled in the recorded run; what recorded effects sent is not sent again."""
    compared: tuple[str, ...] = ()
    """What was held against the record: ``messages`` where they were journaled, ``sizes`` where they have some."""
    likely: list[str] = field(default_factory=list)
    """What may be why it went another way and is no change of the code."""
    refused: list[str] = field(default_factory=list)
    """Ways out of the process that the code tried and a replay has not."""

    @property
    def same(self) -> bool:
        """Whether it went as it did then."""
        return not self.divergences


async def replay_task(
    reader: RunReader, topology: Topology, team: str, task: str, options: Options | None = None
) -> Replayed:
    """Play ``task`` of the run again, with ``topology`` as the team called ``team``.

    Raises :class:`TaskUnknown` when the run has no such task, :class:`StoreError` when its records cannot be read, and
    what keeps the team from starting, which may be that it reaches for the network. An error of the task is in the
    result.
    """
    options = options or Options()
    entry, before = _entry(reader, task), reader.messages(task)
    with run_effects(reader.path, options.state_store) as recorded:
        handled = {(one.recipient, bytes.fromhex(one.id)) for one in before}
        record = EffectRecord(_effects_of(recorded, handled), lambda name: recorded.find(*name))
        with tempfile.TemporaryDirectory(prefix="shoal-replay-") as folder:
            guard = contextlib.nullcontext(Refusals()) if options.live else no_network()
            play = _Play(entry, reader, Path(folder), record, options, _sized(before))
            with guard as refusals:
                await play.through(topology, team)
            with RunReader(Path(folder) / reader.manifest.run) as replayed:
                again, now = replayed.task(task), replayed.messages(task)
                likely = of_boards(reader.spans(task), replayed.spans(task))
    assert again is not None
    ended = ended_of(entry), ended_of(again)
    unsettled = entry.open or entry.attempts > 1
    found = [*play.decisions.new, *divergences(before, now, record, ended, unsettled=unsettled)]
    keepers = {one.recipient for one in before} & play.keepers
    first = [one.task for one in reader.tasks(limit=1)] == [task]
    likely += of_agents(keepers, first=first) + of_choices(before, now, first=first)
    likely += play.decisions.undecided + of_kills(reader.sessions(), entry)
    return Replayed(
        task, *ended, found, len(now), len(record.taken),
        messages_then=len(before), compared=_compared(before), likely=likely if found else [], refused=refusals.told,
    )  # fmt: skip


def _entry(reader: RunReader, task: str) -> TaskEntry:
    entry = reader.task(task)
    if entry is None:
        raise TaskUnknown(
            f"run {reader.manifest.run!r} has no task {task!r}, or it was never begun: `shoal trace "
            f"{reader.manifest.run}` lists tasks",
            task=task,
        )
    return entry


def _effects_of(recorded: RunEffects, handlings: Iterable[tuple[str, bytes]]) -> dict[Name, Recorded]:
    """All effects of several handlings."""
    return {
        Name(agent, scope, key): effect
        for agent, scope in handlings
        for key, effect in recorded.of_handling(agent, scope).items()
    }


def _sized(messages: Iterable[MessageEntry]) -> bool:
    """Whether messages went from process to process, where they have a size."""
    return any(one.size for one in messages)


def _compared(before: Collection[MessageEntry]) -> tuple[str, ...]:
    messages = ("messages", "sizes") if _sized(before) else ("messages",) if before else ()
    return (*messages, "effects", "result")


class _Play:
    """A task, played once."""

    def __init__(
        self,
        entry: TaskEntry,
        recorded: RunReader,
        folder: Path,
        record: EffectRecord,
        options: Options,
        isolate: bool,
    ) -> None:
        """``isolate``: messages are to be encoded, as between processes; so they have sizes too."""
        self._entry = entry
        self._recorded = recorded
        self._folder = folder
        self._options = options
        stop = _debugger() if options.debug else _go_on
        self._store = ReplayStore(record, live=options.live, diverging=stop)
        self.decisions = DecisionsThen(requests_of(recorded.path), stop)
        self._settings: dict[str, Any] = {
            **options.settings, "journal": "messages", "ask_timeout_s": None, "handler_timeout_s": None,
            "blocked_loop_s": _FOREVER_S, "state_store": "", "metrics_port": None,
        }  # fmt: skip
        if isolate:
            self._settings["isolate"] = True

    @property
    def keepers(self) -> set[str]:
        """The agents that kept state."""
        return self._store.keepers

    async def through(self, topology: Topology, team: str) -> None:
        """Start, build the team, and do the task, whatever comes of it. Raises what keeps the team from starting."""
        entry, options = self._entry, self._options
        message, run = decode(entry.tag, entry.payload), self._recorded.manifest.run
        async with start("local", run=run, runs_root=self._folder, **self._settings) as system:
            host = system.as_sender
            host.state = ReplayAccess(host, self._store)
            if options.debug:
                host.raising = _post_mortem
            for region in await asyncio.to_thread(self._copy_boards, system.run.path):
                await system.board(region).open()
            if team != ADDRESS:  # a team of that name asks nobody
                await system.spawn(self.decisions, name=ADDRESS)
            built = await system.build(topology, name=team)
            with contextlib.suppress(ShoalError, TimeoutError):
                async with asyncio.timeout(None if options.debug else options.limit_s):
                    await system.run.task(built, message, task=entry.task, attempts=1)

    def _copy_boards(self, to: Path) -> list[str]:
        recorded = self._recorded.manifest.settings.get("state_store")
        known = os.environ.get(VARIABLE) or str(recorded) if recorded else ""
        config = Config(state_store=self._options.state_store or known)
        return copy_boards(config, self._recorded.path, self._entry.submitted_at, to)


def _go_on(error: Diverged) -> None:
    """Nobody looks: the error says it."""


def _debugger() -> Callable[[Diverged], None]:
    def stop(error: Diverged) -> None:
        said = clipped(str(error), _SAID_CHARS)
        print(f"\n{said}\nThe replay diverges here; `up` goes to the agent's code.")  # noqa: T201 - for who debugs
        breakpoint()

    return stop


def _post_mortem(error: BaseException) -> None:
    import pdb  # noqa: PLC0415 - asked for by --pdb

    said = clipped(str(error), _SAID_CHARS)
    print(f"\n{type(error).__name__}: {said}")  # noqa: T201 - for who debugs
    pdb.post_mortem(error.__traceback__)
