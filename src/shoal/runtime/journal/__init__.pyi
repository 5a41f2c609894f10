from .entries import MessageEntry, SpanEntry
from .errors import RunError, RunExists, RunInUse, RunNotFound, RunUnwritable, TaskConflict, TaskUnknown
from .journal import Journal
from .ledger import TaskEntry, TaskState
from .manifest import Manifest
from .reader import RunReader, RunSummary, list_runs, open_run
from .records import (
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
from .run_directory import RunDirectory, find_directory, find_run, generate_run_id, runs_root

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
