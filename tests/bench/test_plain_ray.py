"""The baselines on a real Ray: each side does what it is asked for, and leaves no process behind."""

from __future__ import annotations

from collections.abc import Iterator

import psutil
import pytest

from shoal.bench import plain_ray
from shoal.bench.plain_ray.session import ray_stage
from shoal.bench.sides import Side, SideFactory, Stage

pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with ray_stage() as stage:
        yield stage


def workers() -> set[int]:
    """Processes of this process's actors."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        if process.name().startswith("ray::") and not process.name().startswith(
            ("ray::IDLE", "ray::Dash", "ray::Runt")
        ):
            found.add(process.pid)
    return found


SIDES = [
    *((f"plain {row}", side) for row, side in plain_ray.PLAIN.items() if row != "cells"),
    *((f"batched {row}", side) for row, side in plain_ray.BATCHED.items()),
]


@pytest.mark.parametrize("factory", [side for _, side in SIDES], ids=[name for name, _ in SIDES])
async def test_a_side_handles_what_it_is_given_and_leaves_nothing_behind(
    factory: SideFactory, stage: Stage
) -> None:
    before = workers()
    side: Side = factory()
    count = side.counts.fit(0)
    try:
        await side.setup(stage)
        for _ in range(2):
            assert (await side.run(count)).done == count
            await side.settle()
    finally:
        await side.teardown()
    assert workers() <= before
    assert stage.address is not None
