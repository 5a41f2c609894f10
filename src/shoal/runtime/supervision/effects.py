"""What a supervisor wants done, in the order in which it wants it, and what it has to tell.

``Start`` is answered by ``Started``, ``StartIgnored`` or ``StartFailed``; ``Stop`` by ``Stopped`` (or ``Exited``, or
``StartFailed``). A ``Stop`` may come before the answer to its ``Start``: then the start is to be given up.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shoal.runtime.supervision.exits import Exit
from shoal.runtime.supervision.requests import RequestError
from shoal.runtime.supervision.specs import ChildSpec, Shutdown


@dataclass(frozen=True, slots=True)
class Start:
    """Start a child as this incarnation; ``extra`` goes beyond the template of a dynamic supervisor."""

    id: str
    token: int
    spec: ChildSpec
    extra: Any = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop this incarnation: grace in seconds and then kill, ``brutal_kill``, or ``infinity``."""

    id: str
    token: int
    how: Shutdown
    again: bool = False
    """It goes down for another one's restart and is started again after that."""


@dataclass(frozen=True, slots=True)
class Timer:
    """Send ``TimerDue`` at this time or soon after; each one is wanted."""

    at: float


@dataclass(frozen=True, slots=True)
class Reply:
    """The one answer to a request: ``error`` if it was refused, else ``value``."""

    request: Hashable
    value: Any = None
    error: RequestError | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """The supervisor is up: all its children were started, or were adopted."""


class EndReason(StrEnum):
    """Why a supervisor ended."""

    ASKED = "asked"
    GAVE_UP = "gave_up"
    """More restarts than its intensity allows."""
    AUTO_SHUTDOWN = "auto_shutdown"
    START_FAILED = "start_failed"
    """A child did not come up when the supervisor began."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The supervisor is done and none of its children is alive. The last effect but replies that refuse."""

    reason: EndReason
    exit: Exit
    """Its own exit, for its parent, with the chain of causes."""


class ReportKind(StrEnum):
    """What happened, for logs and metrics."""

    STARTED = "started"
    START_IGNORED = "start_ignored"
    START_FAILED = "start_failed"
    ADOPTED = "adopted"
    EXITED = "exited"
    """It ended by itself."""
    STOPPED = "stopped"
    """It ended because it was told to, and in the way that was wanted."""
    STOP_UNCLEAN = "stop_unclean"
    """It was told to stop and ended otherwise: an error, or killed after its grace (OTP's ``shutdown_error``)."""
    RESTARTING = "restarting"
    """A restart was decided and counted."""
    GAVE_UP = "gave_up"
    AUTO_SHUTDOWN = "auto_shutdown"


@dataclass(frozen=True, slots=True)
class Report:
    """One event in a child's life with its reason."""

    kind: ReportKind
    child: str
    token: int | None = None
    exit: Exit | None = None
    ref: str | None = None
    delay_s: float = 0.0
    """Before a restart: how long it waits."""
    counted: int = 0
    """Of a restart or a giving up: how many restarts the period holds, this one included."""


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell whoever listens."""

    report: Report


Effect = Start | Stop | Timer | Reply | Begun | Ended | Notify
