from __future__ import annotations

import msgpack
import pytest

from shoal.bench.board_growth import CYCLE, growth, growth_of
from shoal.bench.board_work import (
    ENTRIES,
    MANY,
    WORKERS,
    Stopwatch,
    check_found,
    check_next,
    entry_keys,
    event_counts,
    item_keys,
    joined,
    pack,
    put_key,
    read_key,
    share_counts,
    unpack,
)
from shoal.bench.errors import Miscounted
from shoal.bench.workload import Parcel, parcel


def test_a_reader_reads_every_entry_before_any_again() -> None:
    assert len({read_key(3, turn) for turn in range(ENTRIES)}) == ENTRIES


def test_readers_begin_at_different_entries() -> None:
    assert len({read_key(who, 0) for who in range(WORKERS)}) == WORKERS


def test_no_two_writers_write_the_same_entry_and_together_they_write_all() -> None:
    written = [{put_key(who, turn) for turn in range(ENTRIES)} for who in range(WORKERS)]
    assert sum(map(len, written)) == len(set().union(*written)) == ENTRIES
    assert set().union(*written) == {key for keys in entry_keys(ENTRIES) for key in keys}


def test_many_entries_are_written_in_blocks() -> None:
    blocks = entry_keys(MANY)
    assert len({key for keys in blocks for key in keys}) == MANY
    assert max(map(len, blocks)) <= 1000


def test_new_items_are_as_many_as_were_asked_for_and_never_the_same() -> None:
    first = [key for keys in item_keys(0, 1234) for key in keys]
    then = [key for keys in item_keys(1234, 10) for key in keys]
    assert len(first) == 1234
    assert len(set(first + then)) == 1244
    assert sorted(first + then) == first + then


def test_a_value_has_two_hundred_bytes_and_is_validated_when_it_is_read() -> None:
    value = parcel(3000)
    assert len(pack(value)) == 200
    assert unpack(pack(value)) == value
    with pytest.raises(ValueError, match="validation error"):
        unpack(msgpack.packb({"number": "x", "sender": "driver", "score": 0.5, "text": ""}))


def test_counts_give_each_worker_and_each_watcher_a_whole_share() -> None:
    assert share_counts().fit(1003) == 1000
    assert event_counts().fit(0) == event_counts().least == 400


def test_a_stopwatch_keeps_each_operation() -> None:
    watch = Stopwatch()
    for _ in range(3):
        with watch:
            pass
    assert len(watch.latencies_s) == 3
    assert min(watch.latencies_s) >= 0
    assert joined([watch.latencies_s, [1.0]])[3:] == [1.0]


def test_what_is_not_there_or_comes_out_of_order_ends_a_run() -> None:
    check_found(0, "a")
    check_next(3, 3)
    with pytest.raises(Miscounted, match="'a' was not there"):
        check_found(None, "a")
    with pytest.raises(Miscounted, match="revision 5 where 4 comes next"):
        check_next(5, 4)


def test_growth_is_the_worst_operations_median_over_the_pairs() -> None:
    quiet = ((1.0, 2.0, 4.0), (1.1, 2.0, 2.0))
    stalled = ((1.0, 2.0, 4.0), (1.1, 90.0, 2.0))
    assert growth_of([quiet, stalled, quiet]) == pytest.approx(1.1)
    assert growth_of([((1.0, 1.0, 1.0), (0.5, 0.8, 0.7))]) == pytest.approx(0.8)


class Counting:
    """A region that only counts what is asked of it."""

    def __init__(self) -> None:
        self.asked = {"get": 0, "put": 0, "compare_and_set": 0}

    async def get(self, key: str, kind: type[Parcel], /) -> str:
        self.asked["get"] += 1
        return key

    async def put(self, key: str, value: Parcel, /) -> None:
        self.asked["put"] += 1

    async def compare_and_set(self, key: str, value: Parcel, /, *, expected: str) -> None:
        assert expected == key
        self.asked["compare_and_set"] += 1


async def test_growth_is_measured_with_as_many_of_each_operation_in_both_regions() -> None:
    small, large = Counting(), Counting()
    outcome = await growth(small, large, 3 * CYCLE)
    assert outcome.done == 3 * CYCLE
    assert outcome.growth is not None
    assert small.asked == large.asked == {"get": 30, "put": 30, "compare_and_set": 30}
