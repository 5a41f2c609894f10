from __future__ import annotations

from typing import Any

import shoal
from shoal import LLMAgent, Model
from shoal.models.chat import ChatRequest

SEEN: list[int | None] = []


def answers(request: ChatRequest) -> Any:
    SEEN.append(request.seed)
    return "yes"


async def asked(model_seed: Any, system_seed: int | None, *tasks: str, votes: int = 1) -> list[int | None]:
    """The seeds of the requests for these tasks."""
    SEEN.clear()
    spec = Model(model="m", provider="scripted", script=f"{__name__}:answers", seed=model_seed)
    several = shoal.Votes(of=votes, needed=1) if votes > 1 else None
    async with shoal.start("local", models={"default": spec}, seed=system_seed) as system:
        agent = await system.spawn(LLMAgent("default", votes=several), name="a")
        for task in tasks:
            await agent.ask("well?", task=task)
    return list(SEEN)


async def test_a_model_with_a_seed_of_the_task_is_asked_the_same_in_every_run_with_the_same_seed() -> None:
    first = await asked("task", 7, "t-1", "t-2")
    assert first == await asked("task", 7, "t-1", "t-2")
    assert None not in first
    assert len({*first, *await asked("task", 8, "t-1", "t-2")}) == 4


async def test_several_dialogues_about_one_message_have_seeds_of_their_own() -> None:
    seeds = await asked("task", 7, "t-1", votes=3)
    assert len(seeds) == len(set(seeds)) > 1


async def test_without_a_seed_of_the_system_or_of_tasks_none_is_made_up() -> None:
    assert await asked("task", None, "t-1") == [None]
    assert await asked(None, 7, "t-1") == [None]
    assert await asked(5, 7, "t-1") == [None], "the model's own is added by its endpoint"
