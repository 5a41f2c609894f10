"""Dead letters: messages that will not be processed, each with its reason. Counted all, kept and logged in bounds."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from shoal.runtime.envelope import Envelope


class Reason(StrEnum):
    """Why a message will not be processed."""

    NO_AGENT = "no_agent"
    STOPPED = "stopped"
    DIED = "died"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    OVERFLOW = "overflow"
    UNKNOWN_MESSAGE = "unknown_message"
    INVALID_MESSAGE = "invalid_message"
    TOO_LARGE = "too_large"
    HOP_LIMIT = "hop_limit"
    QUARANTINED = "quarantined"
    HANDLER_ERROR = "handler_error"
    HANDLER_TIMEOUT = "handler_timeout"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One of them. ``payload`` is cut at 4 KiB; ``size`` is its whole length in bytes."""

    reason: Reason
    detail: str
    id: str
    sender: str
    recipient: str
    tag: str
    task: str | None
    path: tuple[str, ...]
    at: float
    """Wall-clock second."""
    size: int
    payload: bytes


_PAYLOAD_KEPT = 4096


class DeadLetters:
    """The dead letters of one process."""

    def __init__(self, keep: int, on_letter: Callable[[DeadLetter], None] | None = None) -> None:
        self._letters: deque[DeadLetter] = deque(maxlen=keep)
        self.counts: Counter[Reason] = Counter()
        self._on_letter = on_letter

    def add(self, envelope: Envelope, reason: Reason, detail: str) -> None:
        """Count the message as dead and keep it for listing."""
        self.counts[reason] += 1
        scope = envelope.scope
        letter = DeadLetter(
            reason=reason,
            detail=detail,
            id=envelope.hex_id,
            sender=envelope.sender,
            recipient=envelope.recipient,
            tag=envelope.tag,
            task=scope.task if scope else None,
            path=scope.path if scope else (),
            at=time.time(),
            size=len(envelope.payload),
            payload=envelope.payload[:_PAYLOAD_KEPT],
        )
        self._letters.append(letter)
        if self._on_letter is not None:
            self._on_letter(letter)

    def absorb(self, letters: Iterable[DeadLetter]) -> None:
        """Keep the letters of a process that ends; it has counted and logged them itself."""
        self._letters.extend(letters)

    def list(self) -> list[DeadLetter]:
        """The last ones, oldest first."""
        return list(self._letters)

    @property
    def total(self) -> int:
        """How many there were."""
        return sum(self.counts.values())
