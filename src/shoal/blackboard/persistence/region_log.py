"""The contract of a log that keeps a region: every version it had, who owns it, and what it answered.

A region has one owner at a time. ``open`` takes it and reads what is saved; from then on whoever had it before gets
:class:`~shoal.runtime.durable.errors.Fenced` at every call, however late it comes. Each call is one transaction: after
an error nothing of it is there (after ``StoreUnreachable`` nobody knows), after a return all of it is, and a process
killed at any moment leaves the one or the other.

Logs are synchronous and may be called from several threads, one call at a time. What is not what was written raises
``StoreBroken`` and is never handed out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shoal.blackboard.version import Commit, Version

ANSWERS = 20_000
"""Answers that are remembered, the newest ones."""
ANSWER_BYTES = 64 * 1024 * 1024
"""What the remembered answers may take together: of large ones it is fewer."""
SILENT_S = 15.0
"""An owner that was not heard from for so long is gone."""


class Owner(NamedTuple):
    """Who opens a region."""

    session: str
    """Unique for each started system."""
    name: str
    """For people: the run's id."""
    generation: int
    """Grows with each restart of the session's board."""
    sole: bool = False
    """Whether a lock on the run guarantees that no other session lives."""


class Answer(NamedTuple):
    """What a message that wrote was answered: the same again, should it come again."""

    message_id: bytes
    revision: int
    reply: bytes


class Saved(NamedTuple):
    """What is known of a region when it is opened."""

    region_id: str
    """Made at random with the region: another one is another region."""
    oldest: int
    """The oldest revision that can be read."""
    base: list[Version]
    """What was there at ``oldest``, in no order."""
    commits: list[Commit]
    """Every commit after it."""
    answers: dict[bytes, bytes]
    """Reply by message id, the oldest first."""


class RegionLog(Protocol):
    """Where a region is kept. All methods raise ``StoreError`` and its subclasses."""

    quick: bool
    """Whether its calls take microseconds and may be made on an event loop; :meth:`tend` does what is slow."""

    @property
    def wants_tending(self) -> bool:
        """Whether :meth:`tend` should be called soon."""

    def tend(self) -> None:
        """Do what was put off for the calls to be quick. Takes milliseconds or more: call it in a thread."""

    def open(self, owner: Owner, now: float, window: int) -> Saved:
        """Take the region for this owner, making it when there is none, and read what is saved.

        ``now``: wall-clock second. ``window``: how many revisions below the newest are to be readable. An owner of the
        same session takes it unless a later generation has it (``Fenced``), also again after an error; one of another
        session when it is sole, when the region was closed, or when nothing was heard of its owner for 15 s, else
        :class:`~shoal.blackboard.errors.RegionInUse` says whose it is. Takes time for what lives, the window and the
        answers, none for older history.
        """

    def append(self, commits: Sequence[Commit], answers: Sequence[Answer], now: float) -> None:
        """Write commits, the first one revision above the newest, and the answers that tell of them."""

    def compact(self, revision: int) -> None:
        """Forget what no read at ``revision`` or above needs. The disk is freed later, by :meth:`tend`."""

    def beat(self, now: float) -> None:
        """Say that the owner lives. Appending says so too."""

    def close(self) -> None:
        """Give the region up, unless another has it, and let go of it. Closing twice is fine."""
