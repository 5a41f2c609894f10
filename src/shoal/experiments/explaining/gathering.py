"""Reads from a run's directory what the trace of one task is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path

from shoal.actors.llm.model_spans import rows_of
from shoal.actors.llm.recorded import ModelCall
from shoal.actors.llm.spending import recorded_calls
from shoal.experiments.explaining.misfits import UPSETS
from shoal.experiments.explaining.node import whole
from shoal.experiments.explaining.trace import TaskFacts, Trace, make_trace
from shoal.experiments.layout import TASKS_FILE
from shoal.experiments.task import Task
from shoal.runtime.journal.entries import SpanEntry
from shoal.runtime.journal.errors import TaskUnknown
from shoal.runtime.journal.happenings import DEAD_LETTER, MESSAGES_DROPPED
from shoal.runtime.journal.ledger import TaskEntry
from shoal.runtime.journal.reader import EventEntry, RunReader

_MOST_EVENTS = 100_000
_PAGE = 1000


def read_trace(reader: RunReader, task: str) -> Trace:
    """The trace of a task of a run.

    Raises :class:`TaskUnknown`, which names tasks that are spelled like it, and ``StoreError``.
    """
    entry = find_task(reader, task)
    upsets, dropped = run_events(reader)
    facts = task_facts(reader, entry, dropped)
    messages = reader.messages(task)
    spans = reader.spans(task)
    if not any(span.kind == "model" for span in spans):
        spans = [*spans, *spans_of_calls(recorded_calls(reader.path), task)]
    events = [*reader.events(task=task, kind=DEAD_LETTER, limit=_MOST_EVENTS), *upsets]
    return make_trace(facts, messages, spans, events)


def task_facts(reader: RunReader, entry: TaskEntry, dropped: Iterable[EventEntry] = ()) -> TaskFacts:
    """What the ledger has of a task. ``dropped``: the run's events of messages that were not journaled."""
    end = entry.ended_at if entry.ended_at is not None else float("inf")
    lost = [
        whole(event.data.get("count")) for event in dropped if entry.submitted_at <= event.at <= end + 60.0
    ]
    return TaskFacts(
        reader.manifest.run, entry.task, entry.state, entry.team, entry.tag, entry.message_id.hex(), entry.attempts,
        entry.submitted_at, entry.ended_at, entry.error, entry.error_text, entry.result_tag,
        reader.manifest.settings.get("journal") == "messages", sum(lost),
    )  # fmt: skip


def run_events(reader: RunReader) -> tuple[list[EventEntry], list[EventEntry]]:
    """What happened to agents of a run, and when messages were not journaled; both by time."""
    upsets = [event for kind in UPSETS for event in reader.events(kind=kind, limit=_MOST_EVENTS)]
    dropped = reader.events(kind=MESSAGES_DROPPED, limit=_MOST_EVENTS)
    return sorted(upsets, key=lambda event: event.seq), dropped


def find_task(reader: RunReader, task: str) -> TaskEntry:
    """The task's entry. Raises :class:`TaskUnknown` that says what is like it."""
    entry = reader.task(task)
    if entry is not None:
        return entry
    run = reader.manifest.run
    if _is_planned(reader.path, task):
        raise TaskUnknown(
            f"task {task!r} of run {run!r} was never begun: there is nothing to explain", task=task
        )
    near = get_close_matches(task, [one.task for one in all_tasks(reader)], n=3, cutoff=0.6)
    hint = f"Did you mean {', '.join(map(repr, near))}?" if near else f"`shoal trace {run}` lists some"
    raise TaskUnknown(f"there is no task {task!r} in run {run!r}. {hint}", task=task)


def all_tasks(reader: RunReader) -> Iterator[TaskEntry]:
    """All tasks of a run that were begun, in the order of their submission."""
    skip = 0
    while found := reader.tasks(limit=_PAGE, skip=skip):
        yield from found
        skip += len(found)


def spans_of_calls(calls: Iterable[tuple[str, ModelCall]], task: str) -> Iterator[SpanEntry]:
    """A task's recorded model calls as the spans that the journal would have."""
    for key, call in calls:
        if call.task == task:
            for row in rows_of(key, call):
                yield SpanEntry(row[0].hex(), row[1].hex(), task, *row[3:])


def _is_planned(path: Path, task: str) -> bool:
    """Whether an experiment has it among what is to be done."""
    try:
        with (path / TASKS_FILE).open(encoding="utf-8") as lines:
            return any(Task.model_validate_json(line).task == task for line in lines if task[:20] in line)
    except (OSError, ValueError):
        return False
