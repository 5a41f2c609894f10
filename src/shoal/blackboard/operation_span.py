"""The span of what an agent does on a board, for the journal. Made only where the run journals messages."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any

from shoal.blackboard.operations import KeepAlive, Operation, Renew, Transaction
from shoal.blackboard.results import Claimed
from shoal.runtime.context import Context

_KEEPING = (Renew, KeepAlive)
"""Said again and again in the background: no step of a handling."""
_MARK = b"\0board\0"


class OperationSpan:
    """As long as its block takes. Set ``result`` in it."""

    __slots__ = ("_began", "_began_at", "_ctx", "_mark", "_operation", "_region", "result")

    def __init__(self, ctx: Context, region: str, operation: Operation, mark: bytes) -> None:
        """``mark`` says which operation it is: the n-th with one mark is the same when a message is handled again."""
        self._ctx = ctx
        self._region = region
        self._operation = operation
        self._mark = mark
        self.result: Any = None

    def __enter__(self) -> OperationSpan:
        self._began_at, self._began = time.time(), time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        operation = self._operation
        if isinstance(operation, _KEEPING):
            return
        name = type(operation).__name__.lower()
        data = {
            "region": self._region,
            "operation": name,
            "key": _key(operation, self.result),
            "revision": getattr(self.result, "revision", None),
        }
        self._ctx.note_span(
            "board", name, at=self._began_at, took_s=time.monotonic() - self._began,
            outcome="ok" if kind is None else kind.__name__, data=data,
            key=self._ctx.id_of(_MARK + self._mark).hex(),
        )  # fmt: skip


def _key(operation: Operation, result: Any) -> str:
    """The key it is about, or the prefix; of a transaction the first that it compares or changes."""
    if isinstance(result, Claimed) and result.version is not None:
        return result.version.key
    if isinstance(operation, Transaction):
        parts = (*operation.compares, *operation.then)
        return _named(parts[0]) if parts else ""
    return _named(operation)


def _named(about: Any) -> str:
    return str(getattr(about, "key", "") or getattr(about, "prefix", ""))
