"""The controller as an agent: how it ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shoal.actors.knowledge.controller import Controller
from shoal.actors.knowledge.plan import ControllerBroke
from shoal.actors.knowledge.team import knowledge_sources
from tests.actors.knowledge.sources import Critic


class Loop:
    closed = False

    def close(self) -> None:
        self.closed = True


async def test_a_controller_whose_loop_failed_lets_go_of_everything_before_the_next_one_begins() -> None:
    controller: Any = Controller(knowledge_sources([Critic]).plan("team"))
    controller._loop = Loop()
    controller._running = asyncio.ensure_future(asyncio.Event().wait())
    with pytest.raises(RuntimeError, match="the control loop of team team failed: it is broken"):
        await controller.on_broken(ControllerBroke(text="it is broken"))
    assert controller._loop.closed
    with pytest.raises(asyncio.CancelledError):
        await controller._running
