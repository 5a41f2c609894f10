"""What others ask of a supervisor, and what they are told: OTP's functions and error terms.

``request`` is the asker's own mark and comes back in the one reply. Reading requests are answered at once; changing
ones wait their turn behind what the same child (``one_for_one``) or the whole supervisor is in the middle of.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shoal.runtime.supervision.exits import Exit
from shoal.runtime.supervision.specs import ChildKind, ChildSpec


@dataclass(frozen=True, slots=True)
class StartChild:
    """Add a child and start it; reply: :class:`ChildStarted`.

    ``spec`` is for all strategies but ``simple_one_for_one``, which takes ``extra`` (what its child gets beyond the
    template) and an ``id``, or makes one up.
    """

    request: Hashable
    spec: ChildSpec | None = None
    extra: Any = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class TerminateChild:
    """Stop a child; its spec stays, unless it is temporary. Reply: ``None``.

    Under ``simple_one_for_one`` a child is named by its id, its ref or its token.
    """

    request: Hashable
    child: str | int


@dataclass(frozen=True, slots=True)
class RestartChild:
    """Start a child that is down; reply: :class:`ChildStarted`. Not counted as a restart."""

    request: Hashable
    child: str


@dataclass(frozen=True, slots=True)
class DeleteChild:
    """Forget the spec of a child that is down. Reply: ``None``."""

    request: Hashable
    child: str


@dataclass(frozen=True, slots=True)
class WhichChildren:
    """Reply: a tuple of :class:`ChildInfo` in start order."""

    request: Hashable


@dataclass(frozen=True, slots=True)
class WhichChild:
    """Reply: one :class:`ChildInfo`."""

    request: Hashable
    child: str | int


@dataclass(frozen=True, slots=True)
class CountChildren:
    """Reply: :class:`Counts`."""

    request: Hashable


@dataclass(frozen=True, slots=True)
class GetChildSpec:
    """Reply: the :class:`ChildSpec`; the template's under ``simple_one_for_one``."""

    request: Hashable
    child: str | int


Changing = StartChild | TerminateChild | RestartChild | DeleteChild
Reading = WhichChildren | WhichChild | CountChildren | GetChildSpec
Request = Changing | Reading


class Refusal(StrEnum):
    """Why a request was not done."""

    NOT_FOUND = "not_found"
    RUNNING = "running"
    RESTARTING = "restarting"
    ALREADY_STARTED = "already_started"
    ALREADY_PRESENT = "already_present"
    """The id is taken by a child that is not running."""
    SIMPLE_ONE_FOR_ONE = "simple_one_for_one"
    """Not for a supervisor of this strategy."""
    INVALID_SPEC = "invalid_spec"
    START_FAILED = "start_failed"
    ENDING = "ending"
    """The supervisor is shutting down, or has ended."""


@dataclass(frozen=True, slots=True)
class RequestError:
    """A refused request; ``exit`` for a failed start, ``ref`` for a child that already runs."""

    refusal: Refusal
    text: str
    exit: Exit | None = None
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class ChildStarted:
    """A start that was asked for. ``ref`` and ``token`` are ``None`` where the child chose not to run."""

    id: str
    token: int | None
    ref: str | None
    info: Any = None


class Status(StrEnum):
    """Where a child is."""

    STARTING = "starting"
    """Its first start, or one that was asked for, is under way."""
    RUNNING = "running"
    STOPPING = "stopping"
    RESTARTING = "restarting"
    """It ended, and its restart is under way or waits for the next attempt."""
    DOWN = "down"
    """There is no process (OTP's ``undefined``)."""


@dataclass(frozen=True, slots=True)
class ChildInfo:
    """A child as of now."""

    id: str
    status: Status
    kind: ChildKind
    token: int | None
    ref: str | None
    restarts: int
    """How often this supervisor started it again."""
    last_exit: Exit | None


@dataclass(frozen=True, slots=True)
class Counts:
    """OTP's ``count_children``; a dynamic supervisor has one spec, whatever its children."""

    specs: int
    active: int
    supervisors: int
    workers: int
