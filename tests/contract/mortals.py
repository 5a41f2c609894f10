"""Agents that end in all the ways there are. Importable by the hosts' processes too."""

from __future__ import annotations

import os
import signal
import uuid

from pydantic import BaseModel

import shoal
from tests.contract.agents import Note


class Who(BaseModel):
    """Ask which incarnation this is: it answers pid and a name of its own."""


class Identity(BaseModel):
    pid: int
    incarnation: str
    label: str


class End(BaseModel):
    """End by yourself."""

    how: str = "error"
    """``error``: by an exception; ``normal``: with nothing left to do."""


class Mortal(shoal.Agent):
    """Notes its starts and stops on a stage, and ends when told to."""

    on_error = "escalate"

    def __init__(self, stage: shoal.Ref | None = None, label: str = "") -> None:
        self.stage = stage
        self.label = label

    async def on_start(self, ctx: shoal.Context) -> None:
        self.incarnation = uuid.uuid4().hex
        if self.stage is not None:
            await self.stage.ask(Note(text=f"start {self.label}"))

    async def on_stop(self, ctx: shoal.Context, reason: str) -> None:
        if self.stage is not None:
            await self.stage.ask(Note(text=f"stop {self.label}"))

    async def on_who(self, who: Who) -> Identity:
        return Identity(pid=os.getpid(), incarnation=self.incarnation, label=self.label)

    async def on_end(self, end: End, ctx: shoal.Context) -> None:
        if end.how == "normal":
            await ctx.stop()
        else:
            raise RuntimeError("told to fail")


class OnlyOnce(Mortal):
    """Starts once in the life of its mark, a file; never again."""

    def __init__(self, mark: str) -> None:
        super().__init__()
        self.mark = mark

    async def on_start(self, ctx: shoal.Context) -> None:
        await super().on_start(ctx)
        try:
            os.close(os.open(self.mark, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            raise RuntimeError("it starts only once") from None


class NeverStarts(Mortal):
    async def on_start(self, ctx: shoal.Context) -> None:
        raise RuntimeError("it never starts")


class Hire(BaseModel):
    """Ask a boss for a worker: the same message gets the same one."""

    then_die: bool = False


class Boss(shoal.Agent):
    """Starts workers in ``on_start`` and in handlers."""

    on_error = "escalate"

    async def on_start(self, ctx: shoal.Context) -> None:
        self.first = await ctx.spawn(Mortal(None, "first"))

    async def on_hire(self, hire: Hire, ctx: shoal.Context) -> list[str]:
        hired = await ctx.spawn(Mortal(None, "hired"))
        if hire.then_die and ctx.restarts == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return [self.first.address, hired.address]

    async def on_end(self, end: End) -> None:
        raise RuntimeError("told to fail")
