"""A model that answers what a run recorded, and nothing else: changed code on the same answers, without a network."""

from __future__ import annotations

from pathlib import Path

from shoal.actors.llm.spending import recorded_calls
from shoal.models.chat import ChatResponse
from shoal.models.errors import NotRecorded
from shoal.models.replay import ReplayModel
from shoal.runtime.journal.run_directory import find_directory


def replay_model(run: Path | str, model: str) -> ReplayModel:
    """``model`` (as its endpoint calls it) with the answers that agents of the run got from it.

    ``run``: the run's name or directory. A request that was made several times, as for votes, gets its answers in the
    order in which they were recorded, and then the last one again. Raises ``RunError`` when there is no such run,
    ``StoreError`` when its records cannot be read, and :class:`~shoal.models.errors.NotRecorded` when there are none.
    """
    directory = find_directory(run)
    answers: dict[str, list[tuple[float, ChatResponse]]] = {}
    for key, call in recorded_calls(directory):
        if call.response is not None:
            answers.setdefault(_digest(key), []).append((call.at, call.response))
    if not answers:
        raise NotRecorded(f"{directory} has no recorded answers of a model", model=model)
    return ReplayModel({digest: _in_turn(found) for digest, found in answers.items()}, name=model)


def _digest(key: str) -> str:
    """Of the request, which a recorded call's key ends with."""
    return key.rpartition("/")[2]


def _in_turn(found: list[tuple[float, ChatResponse]]) -> tuple[ChatResponse, ...]:
    return tuple(answer for _, answer in sorted(found, key=lambda one: one[0]))
