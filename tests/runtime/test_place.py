from __future__ import annotations

from typing import Any

import pytest

import shoal
from shoal.errors import ConfigError
from shoal.runtime.config import make_config
from shoal.runtime.place import PLAIN, Place, place_of

GPU, BIG, SMALL = Place(gpus=1), Place(memory=8 * 2**30), Place(cpus=0.5)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("team/judge", GPU),
        ("other/judge", BIG),
        ("judge", BIG),
        ("team/reader-3", SMALL),
        ("reader-1", SMALL),
        ("team", PLAIN),
    ],
)
def test_an_agent_gets_the_place_of_its_address_then_of_its_name_then_of_a_pattern(
    address: str, place: Place
) -> None:
    places = {"reader-*": SMALL, "judge": BIG, "team/judge": GPU}
    assert place_of(places, address) == place


def test_a_place_is_told_to_ray_in_its_words_and_what_is_not_said_is_not_reserved() -> None:
    assert PLAIN.options() == {"num_cpus": 0.0}
    place = Place(cpus=2, gpus=0.5, memory=1000, resources={"tpu": 1}, labels={"zone": "a"})
    assert place.options() == {
        "num_cpus": 2.0,
        "num_gpus": 0.5,
        "memory": 1000,
        "resources": {"tpu": 1.0},
        "label_selector": {"zone": "a"},
    }
    assert str(place) == "2 CPUs, 0.5 GPUs, 1,000 bytes of memory, 1 tpu, a node labelled zone=a"


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({"gpus": -1}, "places.judge.gpus"),
        ({"gpu": 1}, "places.judge.gpu"),
        ({"resources": {"GPU": 1}}, "say cpus, gpus or memory"),
        ({"resources": {"tpu": -1}}, "tpu is -1"),
    ],
)
def test_a_bad_place_is_refused_by_its_name(place: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make_config({"places": {"judge": place}})


class Dice(shoal.Agent):
    async def on_text(self, text: str, ctx: shoal.Context) -> int | None:
        return ctx.seed


async def seeds(seed: int | None, *tasks: str) -> list[int | None]:
    async with shoal.start("local", seed=seed) as system:
        dice, other = await system.spawn(Dice(), name="dice"), await system.spawn(Dice(), name="other")
        return [await ref.ask("roll", task=task) for ref in (dice, other) for task in tasks]


async def test_a_task_has_the_same_seed_in_every_run_with_the_same_seed() -> None:
    first = await seeds(7, "a", "b")
    assert first == await seeds(7, "a", "b")
    assert len({*first, *await seeds(8, "a", "b")}) == 8, "another run, task or agent has another seed"
    assert await seeds(None, "a") == [None, None]
