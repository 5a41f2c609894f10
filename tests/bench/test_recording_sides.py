"""The sides of the rows about the journal, on a small scale and without Ray."""

from __future__ import annotations

import pytest

from shoal.bench.catalogue import ABOUT_RECORDING
from shoal.bench.errors import Miscounted
from shoal.bench.recording_sides import JOURNALED, NOT_JOURNALED, READING, LookingUp
from shoal.bench.sides import Stage


def test_each_row_has_sides_and_each_recorded_one_something_to_be_held_against() -> None:
    assert set(JOURNALED) == set(NOT_JOURNALED)
    assert set(JOURNALED) | set(READING) == ABOUT_RECORDING


async def test_a_journal_is_asked_for_rare_tasks_and_for_one_that_is_everywhere() -> None:
    side = LookingUp(messages=4096, tasks=100)
    await side.setup(Stage())
    try:
        outcome = await side.run(20)
    finally:
        await side.teardown()
    assert (outcome.done, len(outcome.latencies_s)) == (20, 20)
    assert "MB" in side.remark


async def test_a_journal_that_lacks_messages_is_a_failure() -> None:
    side = LookingUp(messages=4096, tasks=100)
    await side.setup(Stage())
    side._batches += 1
    try:
        with pytest.raises(Miscounted, match="4 messages of everywhere"):
            await side.run(20)
    finally:
        await side.teardown()
