"""A recorded history: what concurrent clients asked a region, when, and what they were told.

Times are seconds of one clock that all clients share (``time.monotonic()`` on Linux, within one node). An operation
that was refused for another reason than the state of its key is left out, and so are reads at an old revision and
transactions of several keys.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.blackboard.register_model import UNSAID, Answer, Read, Request


class Operation(NamedTuple):
    """One operation of one client on one key. One whose outcome is unknown has neither ``returned`` nor ``answer``."""

    client: str
    key: str
    request: Request
    called: float
    returned: float | None = None
    answer: Answer | None = None


def describe(operation: Operation) -> str:
    """An operation on one line, for people."""
    until = "        ?" if operation.returned is None else f"{operation.returned:.6f}"
    return (
        f"{operation.called:.6f} .. {until}  {operation.client} {operation.key!r}: "
        f"{_request(operation.request)} -> {_answer(operation)}"
    )


def _request(request: Request) -> str:
    if isinstance(request, Read):
        return "read"
    words = "delete" if request.value is None else f"write {request.value!r}"
    if request.expected_revision is not None:
        words += f" if its revision is {request.expected_revision}"
    if request.expected_value is not UNSAID:
        words += f" if it is {request.expected_value!r}"
    return words


def _answer(operation: Operation) -> str:
    answer = operation.answer
    if answer is None:
        return "unknown outcome"
    words = ["found" if isinstance(operation.request, Read) else "done" if answer.done else "refused"]
    if answer.value is not UNSAID:
        words.append("nothing" if answer.value is None else repr(answer.value))
    if answer.mod:
        words.append(f"of revision {answer.mod}")
    if answer.revision is not None:
        words.append(f"at {answer.revision}")
    return " ".join(words)
