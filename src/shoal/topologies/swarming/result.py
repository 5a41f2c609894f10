"""What a swarm answers: read from the board when a task is over."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from shoal.topologies.swarming.items import TaskBoard
from shoal.topologies.swarming.messages import DeadItem, SwarmResult
from shoal.topologies.swarming.plan import ITEM, SwarmPlan
from shoal.topologies.swarming.task import SwarmTask
from shoal.topologies.wiring.carrying import as_data

_GIVEN_UP = 20


async def result_of(
    plan: SwarmPlan,
    task: SwarmTask,
    board: TaskBoard,
    ended: tuple[str, str, list[Any]],
    names: Sequence[str],
) -> Any:
    """The answer: a :class:`SwarmResult`, the subclass that was given, or what the function makes of it."""
    condition, reason, findings = ended
    progress = task.progress
    figures = progress.figures
    given_up: list[DeadItem] = []
    if figures.dead:
        async for entry in board.entries(ITEM):
            if entry.item is not None and entry.item.state == "dead" and len(given_up) < _GIVEN_UP:
                given_up.append(DeadItem(name=entry.key.rpartition(ITEM)[2], errors=entry.item.errors))
    left = figures.posted - figures.done - figures.dead
    kind: type[SwarmResult] = plan.result if isinstance(plan.result, type) else SwarmResult
    typed = kind.model_fields["findings"].annotation != list[Any]
    fields: dict[str, Any] = {
        "findings": findings if typed or plan.result is not None else [as_data(one) for one in findings],
        "condition": condition,
        "reason": reason,
        "partial": left > 0 or figures.dead > 0,
        "posted": figures.posted,
        "done": figures.done,
        "left": left,
        "dead": figures.dead,
        "given_up": tuple(given_up),
        "agents": progress.tallies(names),
        "proposals": tuple(progress.proposals),
        "warnings": tuple(task.watch.warnings),
    }
    result = kind.model_validate(fields)
    if plan.result is None or isinstance(plan.result, type):
        return result
    made = plan.result(result)
    return await made if inspect.isawaitable(made) else made
