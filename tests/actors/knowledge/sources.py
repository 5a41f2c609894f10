"""The knowledge sources and values of these tests."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

import shoal
from shoal.actors.knowledge import on_board
from shoal.blackboard import Field
from shoal.blackboard.entry import encode_value
from shoal.blackboard.version import Version


class Hypothesis(BaseModel):
    text: str = ""
    score: float = 0.0


class Remark(BaseModel):
    text: str


class Critic(shoal.Agent):
    """Woken by hypotheses that are not good yet."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    @on_board("hypothesis/", when=lambda event: event.value.score < 0.5, priority=2, cost=3.0)
    async def judge(self, event: shoal.Event[Hypothesis], ctx: shoal.Context) -> None:
        """Says what it thinks."""
        self.seen.append(event)


class Strict(Critic):
    """Inherits ``judge``, and has more."""

    concurrency = 2
    handler_timeout_s = 5.0

    @on_board("draft/", when=[Field("score") >= 0.9])
    @on_board("paper/", when={"text": "ready"}, region="papers", every=True)
    async def publish(self, event: shoal.Event[Hypothesis]) -> None:
        self.seen.append(event)

    @on_board("hypothesis/", on="delete")
    async def forget(self, event: shoal.Event) -> None:  # type: ignore[type-arg]
        self.seen.append(event)


class Mute(Critic):
    """Declares no more that it is woken."""

    async def judge(self, event: shoal.Event[Hypothesis], ctx: shoal.Context) -> None:
        """Says nothing."""


class Plain(shoal.Agent):
    async def on_text(self, text: str) -> str:
        return text


@on_board("remark/", priority=lambda event: len(str(event.value)), own=False)
async def listener(event: shoal.Event[Remark | str]) -> None:
    """Hears remarks."""


def version_of(key: str, value: Any, revision: int = 7) -> Version:
    """A put of somebody's."""
    return Version(key, encode_value(value), revision, revision, 1, "somebody", b"cause", None, 0.0)


def deletion_of(key: str, revision: int = 7, author: str = "somebody") -> Version:
    """A deletion."""
    return Version(key, None, 0, revision, 0, author, b"cause", None, 0.0)
