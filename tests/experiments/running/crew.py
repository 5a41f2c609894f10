"""The team of these tests, and the script of its model."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import shoal
from shoal.models.chat import ChatRequest

ASKED = "SHOAL_TEST_ASKED"
"""Names the file in which calls of the model are noted."""
WORK_S = 0.004


class Ticket(BaseModel):
    text: str


class Labelled(BaseModel):
    label: str
    partial: bool = False


class Keyword(shoal.Agent):
    """Labels by keyword. "boom": raises; "some": says that it is partial; "stay": takes for ever."""

    concurrency = 64

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Labelled:
        if "boom" in ticket.text:
            raise ValueError("no label for boom")
        if "stay" in ticket.text:
            await asyncio.Event().wait()
        label = "billing" if "charged" in ticket.text else "other"
        return Labelled(label=label, partial="some" in ticket.text)


class Shouter(Keyword):
    """Another class that does the same."""


def script(request: ChatRequest) -> str:
    """A model's answer, after a moment; who was asked is noted."""
    text = request.messages[-1].text
    time.sleep(WORK_S)
    if asked := os.environ.get(ASKED):
        with Path(asked).open("a") as file:
            file.write(f"{text.split()[-1]}\n")
    return "billing" if "charged" in text else "other"


def judge(output: Any, expected: Any) -> float:
    """A scorer that fails on one answer."""
    if output == {"label": "billing", "partial": False}:
        raise RuntimeError("no opinion")
    return 1.0


def always(output: Any, expected: Any) -> float:
    """A scorer of one opinion."""
    return 0.25


class NeverStarts(Keyword):
    """One that cannot be started."""

    async def on_start(self, ctx: shoal.Context) -> None:
        raise ValueError("its house is on fire")
