"""What is asked of a supervisor by message, and its answers: plain data, so that every agent may ask."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from shoal.runtime.codec import message
from shoal.runtime.ref import Ref
from shoal.runtime.supervision import ChildInfo, ChildKind, Counts, Exit, Status
from shoal.runtime.supervision_driver import RequestRefused


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


@message("shoal.which_children")
class WhichChildren(_Data):
    """All children in start order."""


@message("shoal.which_child")
class WhichChild(_Data):
    """One child."""

    child: str


@message("shoal.count_children")
class CountChildren(_Data):
    """How many children there are, and of which kind."""


@message("shoal.terminate_child")
class TerminateChild(_Data):
    """Stop a child; its spec stays, unless it is temporary."""

    child: str


@message("shoal.restart_child")
class RestartChild(_Data):
    """Start a child that is down."""

    child: str


@message("shoal.delete_child")
class DeleteChild(_Data):
    """Forget the spec of a child that is down."""

    child: str


@message("shoal.supervisor_events")
class SupervisorEvents(_Data):
    """The last starts, exits and restarts."""


class ChildState(_Data):
    """One child as of now."""

    id: str
    """Its name under its supervisor."""
    status: Status
    """``starting``, ``running``, ``stopping``, ``restarting`` or ``down``."""
    kind: ChildKind
    """``worker`` or ``supervisor``."""
    ref: Ref | None
    """Its address while it has a process."""
    restarts: int
    """How often this incarnation of its supervisor started it again."""
    last_exit: Exit | None
    """How it ended last, with the chain of causes."""

    @classmethod
    def of(cls, info: ChildInfo) -> ChildState:
        """From what the supervisor knows."""
        return cls(
            id=info.id,
            status=info.status,
            kind=info.kind,
            ref=Ref(info.ref) if info.ref is not None else None,
            restarts=info.restarts,
            last_exit=info.last_exit,
        )


class ChildCounts(_Data):
    """OTP's ``count_children``; under ``simple_one_for_one`` there is one spec, whatever its children."""

    specs: int
    active: int
    """Children that run."""
    supervisors: int
    workers: int

    @classmethod
    def of(cls, counts: Counts) -> ChildCounts:
        """From what the supervisor counted."""
        return cls(
            specs=counts.specs, active=counts.active, supervisors=counts.supervisors, workers=counts.workers
        )


@message("shoal.supervisor_answer")
class SupervisorAnswer(_Data):
    """The answer to any of the requests: what was asked for, or why it was not done."""

    children: tuple[ChildState, ...] = ()
    counts: ChildCounts | None = None
    events: tuple[dict[str, str | int | float | None], ...] = ()
    refusal: str = ""
    """Why not, in one word: ``not_found``, ``running``, ...; empty when it was done."""
    text: str = ""

    def check(self) -> SupervisorAnswer:
        """The answer itself. Raises :class:`RequestRefused` when it is a refusal."""
        if self.refusal:
            raise RequestRefused(self.text, refusal=self.refusal)
        return self
