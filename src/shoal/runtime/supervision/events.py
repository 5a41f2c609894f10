"""What a supervisor hears. Times are not in here: they come with the event, as ``now``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shoal.runtime.supervision.exits import Exit
from shoal.runtime.supervision.requests import Request
from shoal.runtime.supervision.specs import ChildSpec


@dataclass(frozen=True, slots=True)
class Begin:
    """The supervisor starts: start the children, in order."""


@dataclass(frozen=True, slots=True)
class Living:
    """A child that outlived its supervisor."""

    token: int
    ref: str
    spec: ChildSpec | None = None
    """Its spec, when it was added at run time and is not among the supervisor's own."""
    extra: Any = None
    """What it was started with beyond the template (``simple_one_for_one``)."""


@dataclass(frozen=True, slots=True)
class Added:
    """What a child was added with at run time: its spec, or what it got beyond the template."""

    spec: ChildSpec | None = None
    extra: Any = None


@dataclass(frozen=True, slots=True)
class Adopt:
    """In the place of :class:`Begin`, for a supervisor that was itself restarted.

    ``ended`` says how children ended of which that is known; one neither living nor there counts as lost. ``added``
    are those without a process that are not among the supervisor's own specs. ``down`` are those that had ended for
    good: they stay down.
    """

    living: Mapping[str, Living]
    ended: Mapping[str, Exit] = field(default_factory=dict)
    added: Mapping[str, Added] = field(default_factory=dict)
    down: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Started:
    """Answer to ``Start``: the child runs, at the address ``ref``. ``info`` goes to who asked for the start."""

    id: str
    token: int
    ref: str
    info: Any = None


@dataclass(frozen=True, slots=True)
class StartIgnored:
    """Answer to ``Start``: the child chose not to run (OTP's ``ignore``). Not a failure."""

    id: str
    token: int


@dataclass(frozen=True, slots=True)
class StartFailed:
    """Answer to ``Start``: there is no such process."""

    id: str
    token: int
    exit: Exit


@dataclass(frozen=True, slots=True)
class Exited:
    """A child's process is gone, asked or not."""

    id: str
    token: int
    exit: Exit


@dataclass(frozen=True, slots=True)
class Stopped:
    """Answer to ``Stop``: the child's process is gone; ``exit`` is ``None`` where it went as was wanted."""

    id: str
    token: int
    exit: Exit | None = None


@dataclass(frozen=True, slots=True)
class TimerDue:
    """The time of a ``Timer`` has come."""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """The parent wants the supervisor to end."""

    exit: Exit | None = None


Event = (
    Begin | Adopt | Started | StartIgnored | StartFailed | Exited | Stopped | TimerDue | Shutdown | Request
)
