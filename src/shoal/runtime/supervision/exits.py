"""Why a child ended, with the chain of causes behind it. Pure data: it crosses processes."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class ExitKind(StrEnum):
    """How a child ended."""

    NORMAL = "normal"
    """It had nothing left to do."""
    SHUTDOWN = "shutdown"
    """It was told to stop, or stopped in an orderly way; also a supervisor that gave up (as in OTP)."""
    ERROR = "error"
    """It failed: an exception that its policy turns into its end."""
    KILLED = "killed"
    """Its process is gone: a signal, the memory limit, a grace period that ran out."""
    HUNG = "hung"
    """The watchdog ended it: a blocked loop, a handler past its limit, no progress."""
    LOST = "lost"
    """Where it ran is gone (a node), or it was missing when its supervisor came back."""
    START_FAILED = "start_failed"
    """It never came up."""


class Exit(BaseModel):
    """One end, and the end that caused it. Abnormal is what OTP's ``transient`` restarts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ExitKind
    text: str = ""
    """What a person reads: the error's text, the signal, who asked."""
    who: str = ""
    """Id of what ended; a supervisor fills it in for its children."""
    cause: Exit | None = None

    @property
    def normal(self) -> bool:
        """OTP's ``normal``, ``shutdown`` and ``{shutdown, _}``."""
        return self.kind in (ExitKind.NORMAL, ExitKind.SHUTDOWN)

    @property
    def failed(self) -> bool:
        """Whether it, or a cause of it, was abnormal: a supervisor that gave up ends in an orderly way itself."""
        return any(not link.normal for link in self.chain())

    def named(self, who: str) -> Exit:
        """The same exit with ``who`` filled in where it was empty."""
        return self if self.who else self.model_copy(update={"who": who})

    def chain(self) -> Iterator[Exit]:
        """This exit, what caused it, what caused that, down to the first cause."""
        link: Exit | None = self
        while link is not None:
            yield link
            link = link.cause

    def describe(self) -> str:
        """The chain in lines, the first cause last."""
        return "\n".join(
            "  " * depth + ("because " if depth else "") + _line(link)
            for depth, link in enumerate(self.chain())
        )


def _line(link: Exit) -> str:
    head = f"{link.who}: {link.kind.value}" if link.who else link.kind.value
    return f"{head}: {link.text}" if link.text else head
