from __future__ import annotations

import msgpack
import pytest

from shoal.bench import plain_ray
from shoal.bench.catalogue import (
    ABOUT_BOARDS,
    ABOUT_MODELS,
    ABOUT_RECORDING,
    ABOUT_TOPOLOGIES,
    GROUPS,
    ROWS,
    rows_named,
)
from shoal.bench.contestants import KEYS, contestants_named
from shoal.bench.errors import BenchError, UnknownRow, UnknownSide
from shoal.bench.rows import Bar
from shoal.bench.workload import kilobyte, parcel
from shoal.runtime.errors import ShoalError


def test_a_parcel_has_two_hundred_bytes() -> None:
    assert len(msgpack.packb(parcel(100_000).model_dump())) == 200


def test_a_kilobyte_has_about_as_many_bytes() -> None:
    assert len(msgpack.packb(kilobyte(100_000).model_dump())) in range(1000, 1030)


def test_rows_come_in_the_catalogues_order() -> None:
    assert [row.name for row in rows_named(["fan", "tell"])] == ["tell", "fan"]
    assert rows_named([]) == ROWS


def test_the_name_of_a_group_stands_for_its_rows() -> None:
    assert [row.name for row in rows_named(["topologies"])][:3] == ["worker", "pipeline", "fan_out"]
    names = [row.name for row in rows_named(["tell", "topologies", "coral"])]
    assert names[0] == "tell"
    assert set(names[1:]) == ABOUT_TOPOLOGIES


def test_every_row_is_in_one_group_and_no_group_is_called_as_a_row() -> None:
    grouped = [name for group in GROUPS.values() for name in group]
    assert sorted(grouped) == sorted(row.name for row in ROWS)
    assert not set(GROUPS) & set(grouped)


def test_worker_pipeline_and_fan_out_have_to_be_ten_times_as_fast_as_plain_ray() -> None:
    for row in rows_named(["worker", "pipeline", "fan_out"]):
        assert row.bars == (Bar(10, times="plain"),)


def test_an_unknown_row_is_answered_with_the_nearest_and_all() -> None:
    with pytest.raises(
        UnknownRow, match=r"no row 'hop63'\. Did you mean 'hop64'\? There are: tell, ask, "
    ) as raised:
        rows_named(["tell", "hop63"])
    assert isinstance(raised.value, BenchError)
    assert isinstance(raised.value, ShoalError)


def test_a_row_that_is_like_no_other_is_answered_with_all() -> None:
    with pytest.raises(UnknownRow, match=r"no row 'xyzzy'\. There are: tell"):
        rows_named(["xyzzy"])


def test_an_unknown_side_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownSide, match="Did you mean 'plain'"):
        contestants_named(["plane"])


def test_the_keys_are_those_of_the_contestants() -> None:
    assert tuple(one.key for one in contestants_named([])) == KEYS


def test_contestants_take_part_in_rows_that_exist() -> None:
    names = {row.name for row in ROWS}
    for contestant in contestants_named([]):
        assert set(contestant.sides) <= names


def test_plain_ray_takes_part_in_every_row_that_it_can_do_at_all() -> None:
    """It loses what waits in a mailbox, keeps no state and no journal, has no blackboard and no limits."""
    unable = {"redeliver", "durable"} | ABOUT_RECORDING | ABOUT_BOARDS | ABOUT_MODELS
    assert set(plain_ray.PLAIN) == {row.name for row in ROWS} - unable


def test_every_row_about_the_blackboard_has_plain_sqlite_and_redis_beside_it() -> None:
    sides = {one.key: set(one.sides) & ABOUT_BOARDS for one in contestants_named([])}
    assert sides["shoal"] == sides["sqlite"] == sides["redis"] == ABOUT_BOARDS
    assert sides["volatile"] == ABOUT_BOARDS - {"brecover"}
    assert sides["local"] == ABOUT_BOARDS - {"brecover"}


def test_what_is_compared_on_the_blackboard_needs_no_ray_but_for_shoals_own() -> None:
    needs_ray = {one.key for one in contestants_named([]) if one.needs_ray and set(one.sides) & ABOUT_BOARDS}
    assert needs_ray == {"shoal", "volatile"}


def test_bars_name_contestants_that_exist() -> None:
    for row in ROWS:
        for bar in row.bars:
            assert bar.who in KEYS
            assert bar.times is None or bar.times in KEYS
            assert bar.above is None or bar.above in KEYS


def test_rows_that_are_set_up_anew_have_fixed_counts() -> None:
    for row in ROWS:
        for contestant in contestants_named([]):
            if row.fresh and row.name in contestant.sides:
                counts = contestant.sides[row.name]().counts
                assert counts.least == counts.most
