"""Tasks of a run: their ids, what an error of one means, how an end is kept in the ledger and read from it. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgpack

from shoal.runtime.codec import decode, encode
from shoal.runtime.envelope import ID_BYTES
from shoal.runtime.errors import AgentDied, ConfigError, HandlerError, ShoalError, error_class
from shoal.runtime.failure import pack_error
from shoal.runtime.journal.ledger import TaskEntry, TaskState
from shoal.runtime.journal.records import TaskEnded

TASK_CHARS = 512


@dataclass(frozen=True, slots=True)
class TaskResult:
    """How a task ended."""

    task: str
    value: Any
    """The answer; ``None`` when there is an error."""
    error: ShoalError | None
    attempts: int
    """How often it was submitted."""
    recorded: bool
    """Whether it had ended before it was asked for now: its agent was not asked again."""

    def unwrap(self) -> Any:
        """The answer. Raises the error it ended with."""
        if self.error is not None:
            raise self.error
        return self.value


def check_task(task: str) -> str:
    """The id, if it can be one: text of 1 to 512 characters. Raises :class:`ConfigError`."""
    if not isinstance(task, str) or not 0 < len(task) <= TASK_CHARS or not _has_bytes(task):
        raise ConfigError(f"{task!r} cannot be a task's id: give text of 1 to {TASK_CHARS} characters")
    return task


def _has_bytes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True


def task_message_id(run: str, task: str) -> bytes:
    """The id of the message that carries a task, the same whoever submits it and how often."""
    return blake2b(f"{run}\0{task}".encode(), digest_size=ID_BYTES).digest()


def died_on_the_way(error: ShoalError) -> bool:
    """Whether nobody knows the outcome because an agent died for good: the one asked, or one that it asked."""
    if isinstance(error, HandlerError):
        return str(error.details.get("type", "")).rpartition(".")[2] == AgentDied.__name__
    return isinstance(error, AgentDied)


def was_answered(error: ShoalError) -> bool:
    """Whether the agent lives and has answered with this error: it would answer the same message the same."""
    return isinstance(error, HandlerError)


def success(task: str, value: Any, at: float) -> TaskEnded:
    """The record of a task's answer. Raises ``MessageError`` when it is no message."""
    return TaskEnded(task, TaskState.DONE, *encode(value, 2**31), "", "", {}, at)


def failure(task: str, error: ShoalError, at: float) -> TaskEnded:
    """The record of a task's error."""
    name, text, details = msgpack.unpackb(pack_error(error))
    return TaskEnded(task, TaskState.FAILED, "", b"", name, text, details, at)


def result_of(entry: TaskEntry, *, recorded: bool) -> TaskResult:
    """A task that has ended, as the ledger has it. Raises ``MessageError`` when its answer cannot be read here."""
    if entry.state == TaskState.DONE:
        value = decode(entry.result_tag, entry.result)
        return TaskResult(entry.task, value, None, entry.attempts, recorded)
    return TaskResult(entry.task, None, _error_of(entry), entry.attempts, recorded)


def _error_of(entry: TaskEntry) -> ShoalError:
    kind = error_class(entry.error)
    text = entry.error_text or f"task {entry.task!r} is {entry.state}"
    try:
        return kind(text, **json.loads(entry.error_details))
    except (TypeError, ValueError):  # a class of another version of a program, with arguments of its own
        return ShoalError(text, error=entry.error)
