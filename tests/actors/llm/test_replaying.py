"""Changed code on the answers that a run recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

import shoal
from shoal.models.errors import NotRecorded
from shoal.runtime.errors import HandlerError


async def asked(run_dir: Path, count: int = 1) -> list[str]:
    """What an agent answers that has a model of so many different answers, in the order in which it gave them."""
    model = shoal.ScriptedModel([f"answer {number}" for number in range(count)], name="big")
    async with shoal.start("local", run_dir=run_dir) as system:
        agent = await system.spawn(shoal.LLMAgent(model), name="one")
        return [await agent.ask("why?") for _ in range(count)]


async def test_a_recorded_run_is_replayed_without_its_model(tmp_path: Path) -> None:
    first = await asked(tmp_path / "first", 3)
    async with shoal.start("local") as system:
        agent = await system.spawn(shoal.LLMAgent(shoal.replay_model(tmp_path / "first", "big")))
        assert [await agent.ask("why?") for _ in range(4)] == [*first, first[-1]]
        with pytest.raises(HandlerError) as caught:
            await agent.ask("why not?")
        assert isinstance(caught.value.cause, NotRecorded)


async def test_under_another_name_nothing_is_found(tmp_path: Path) -> None:
    await asked(tmp_path / "first")
    async with shoal.start("local") as system:
        agent = await system.spawn(shoal.LLMAgent(shoal.replay_model(tmp_path / "first", "small")))
        with pytest.raises(HandlerError, match="no answer of small is recorded"):
            await agent.ask("why?")


async def test_a_run_without_model_calls_has_nothing_to_replay(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotRecorded, match="no recorded answers"):
        shoal.replay_model(tmp_path / "empty", "big")
