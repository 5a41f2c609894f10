"""The agents of the tests on durable state and effects. Importable by the hosts' processes too."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import shoal
from shoal.runtime.durable import EffectUnknown
from tests.contract.agents import Fail, Note, Notes, Number, Text


class Life(BaseModel):
    """What a lifer keeps."""

    count: int = 0
    hooks: list[str] = []
    seen: list[int] = []


class Lifer(shoal.Agent):
    """Counts numbers and notes its hooks, for ever."""

    durable = True
    state: Life

    async def on_start(self, ctx: shoal.Context) -> None:
        self.state.hooks.append(f"start with {self.state.count}")

    async def on_restart(self, ctx: shoal.Context) -> None:
        self.state.hooks.append("restart")

    async def on_number(self, number: Number, ctx: shoal.Context) -> int:
        self.state.count += number.n
        self.state.seen.append(number.n)
        return self.state.count

    async def on_fail(self, fail: Fail, ctx: shoal.Context) -> None:
        self.state.count += 1000
        raise ValueError(f"{fail.text} at {self.state.count}")

    async def on_notes(self, notes: Notes, ctx: shoal.Context) -> Life:
        return self.state

    async def on_stop(self, ctx: shoal.Context, reason: str) -> None:
        self.state.hooks.append("stop")


class Relay(shoal.Agent):
    """Tells each number on and counts it."""

    durable = True
    state: Life

    def __init__(self, to: str) -> None:
        self.to = to

    async def on_number(self, number: Number, ctx: shoal.Context) -> None:
        self.state.count += 1
        self.state.seen.append(number.n)
        await ctx.tell(self.to, number)

    async def on_notes(self, notes: Notes, ctx: shoal.Context) -> Life:
        return self.state


class OtherLife(BaseModel):
    """What became of ``Life``."""

    count: str = "none"


class Successor(shoal.Agent):
    durable = True
    state: OtherLife

    async def on_notes(self, notes: Notes, ctx: shoal.Context) -> OtherLife:
        return self.state


class Effect(BaseModel):
    """Append ``line`` to a file, once."""

    line: str
    unknown: str = "rerun"
    dies: bool = False
    """Whether the process dies the first time, after the line is written."""
    scope: str = "message"


class Doer(shoal.Agent):
    """Has effects in a file. Not durable."""

    def __init__(self, path: str) -> None:
        self.path = path

    def _append(self, line: str, dies: bool = False) -> str:
        path = Path(self.path)
        first = line not in path.read_text().split() if path.exists() else True
        with path.open("a") as file:
            file.write(f"{line}\n")
        if dies and first:
            os.kill(os.getpid(), signal.SIGKILL)
        return f"{line} done"

    async def on_effect(self, effect: Effect, ctx: shoal.Context) -> str:
        unknown: Any = effect.unknown
        scope: Any = effect.scope
        try:
            result: str = await ctx.once(
                effect.line if effect.scope == "message" else "ever",
                lambda: self._append(effect.line, effect.dies),
                unknown=unknown,
                scope=scope,
            )
        except EffectUnknown:
            return "unknown"
        return result

    async def on_text(self, text: Text, ctx: shoal.Context) -> list[Any]:
        """The same key twice, by an async function and with a model as its result."""

        async def write() -> Note:
            self._append(text.text)
            return Note(text=text.text)

        def fail() -> None:
            raise AssertionError("it is called again")

        return [(await ctx.once("key", write)).text, (await ctx.once("key", fail)).text]

    async def on_fail(self, fail: Fail, ctx: shoal.Context) -> str:
        """An effect that fails, and is then tried again."""

        def broken() -> None:
            raise ValueError(fail.text)

        try:
            await ctx.once("key", broken)
        except ValueError as error:
            first = str(error)
        return f"{first}, then {await ctx.once('key', lambda: self._append('again'))}"


class Careful(shoal.Agent):
    """Has an effect in its on_start."""

    def __init__(self, path: str) -> None:
        self.path = path

    async def on_start(self, ctx: shoal.Context) -> None:
        def write() -> int:
            with Path(self.path).open("a") as file:
                file.write("begun\n")
            return os.getpid()

        self.pid = await ctx.once("begin", write)

    async def on_notes(self, notes: Notes, ctx: shoal.Context) -> list[int]:
        return [self.pid, os.getpid()]
