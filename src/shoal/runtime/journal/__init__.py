"""The run directory and the durable record of a run: its ledger of tasks, its events, its messages."""

from __future__ import annotations

from shoal.runtime.journal.entries import MessageEntry, SpanEntry
from shoal.runtime.journal.errors import (
    RunError,
    RunExists,
    RunInUse,
    RunNotFound,
    RunUnwritable,
    TaskConflict,
    TaskUnknown,
)
from shoal.runtime.journal.journal import Journal
from shoal.runtime.journal.ledger import TaskEntry, TaskState
from shoal.runtime.journal.manifest import Manifest
from shoal.runtime.journal.reader import RunReader, RunSummary, list_runs, open_run
from shoal.runtime.journal.records import (
    EffectNoted,
    Event,
    MessagesHandled,
    Record,
    SpansNoted,
    TaskEnded,
    TaskResubmitted,
    TaskSubmitted,
    messages_handled,
    pack,
    spans_noted,
    unpack,
)
from shoal.runtime.journal.run_directory import (
    RunDirectory,
    find_directory,
    find_run,
    generate_run_id,
    runs_root,
)

__all__ = [
    "EffectNoted",
    "Event",
    "Journal",
    "Manifest",
    "MessageEntry",
    "MessagesHandled",
    "Record",
    "RunDirectory",
    "RunError",
    "RunExists",
    "RunInUse",
    "RunNotFound",
    "RunReader",
    "RunSummary",
    "RunUnwritable",
    "SpanEntry",
    "SpansNoted",
    "TaskConflict",
    "TaskEnded",
    "TaskEntry",
    "TaskResubmitted",
    "TaskState",
    "TaskSubmitted",
    "TaskUnknown",
    "find_directory",
    "find_run",
    "generate_run_id",
    "list_runs",
    "messages_handled",
    "open_run",
    "pack",
    "runs_root",
    "spans_noted",
    "unpack",
]
