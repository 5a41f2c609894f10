"""The work of the rows about the blackboard, as every side does it: who, how many, which keys and values.

A value is a :class:`~shoal.bench.workload.Parcel`, 200 bytes packed; each side packs what it writes and validates what
it reads.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import msgpack

from shoal.bench.errors import Miscounted
from shoal.bench.sides import Counts
from shoal.bench.workload import Parcel

WORKERS = 8
"""Readers, writers or claimers, each with one operation at a time."""
PROCESSES = 2
"""Over which they and the watchers are spread; whoever keeps the entries is in another one."""
WATCHERS = 50
WATCHERS_EACH = WATCHERS // PROCESSES
ENTRIES = 1_000
"""What a region holds where the row says nothing else."""
FEW = 10
MANY = 100_000
NEWS = "news/"
"""What is watched."""
TAG = "work"
"""Of all items: other tags make a claim no harder, since each has a queue of its own."""
LEASE_S = 60.0
_FAR = 7919
"""A prime: steps of it visit every entry once before they visit any again, and no two neighbours in turn."""
_BLOCK = 500


class Work(StrEnum):
    """What one of the workers does over and over."""

    GET = "get"
    PUT = "put"
    SWAP = "swap"
    """Compare and set."""
    CLAIM = "claim"
    """Claim an item and complete it."""
    NEWS = "news"
    """Put what is watched."""


def share_counts() -> Counts:
    """Each worker has an equal share."""
    return Counts(least=WORKERS, step=WORKERS)


def event_counts() -> Counts:
    """Each worker has an equal share of the puts, and each put makes an event for each watcher."""
    return Counts(least=WORKERS * WATCHERS, step=WORKERS * WATCHERS)


def entry_key(number: int) -> str:
    """The key of an entry."""
    return f"entry/{number:06d}"


def entry_keys(count: int) -> list[list[str]]:
    """The keys of ``count`` entries, in blocks that are written at once."""
    keys = [entry_key(number) for number in range(count)]
    return [keys[first : first + _BLOCK] for first in range(0, count, _BLOCK)]


def read_key(who: int, turn: int) -> str:
    """Which entry a reader reads: all of them in turn, far apart."""
    return entry_key((turn * _FAR + who * (ENTRIES // WORKERS)) % ENTRIES)


def put_key(who: int, turn: int) -> str:
    """Which entry a writer writes: its own eighth of them in turn."""
    return entry_key(turn % (ENTRIES // WORKERS) * WORKERS + who)


def swap_key(who: int) -> str:
    """The key on which a writer compares and sets."""
    return f"count/{who}"


def news_key(who: int) -> str:
    """Where a writer puts what is watched."""
    return f"{NEWS}{who}"


def item_keys(first: int, count: int) -> Iterator[list[str]]:
    """Keys of new items, in blocks that are posted at once."""
    for start in range(first, first + count, _BLOCK):
        yield [f"item/{number:08d}" for number in range(start, min(first + count, start + _BLOCK))]


def pack(value: Parcel) -> bytes:
    """A value as it is kept by the sides that are not shoal."""
    packed: bytes = msgpack.packb(value.model_dump())
    return packed


def unpack(packed: bytes) -> Parcel:
    """The value, validated."""
    return Parcel.model_validate(msgpack.unpackb(packed))


def stamped(number: int) -> Parcel:
    """A value that says when it was made, by the clock that all processes of a machine share."""
    return Parcel(number=number, sender="driver", score=time.monotonic(), text="x" * 153)


class Row(NamedTuple):
    """An entry, a change, or an item that was claimed (``revision`` is its token then), where it is not shoal's."""

    key: str
    value: Parcel
    revision: int


@dataclass(slots=True)
class Stopwatch:
    """How long each operation took."""

    latencies_s: list[float] = field(default_factory=list)
    _begun: float = 0.0

    def __enter__(self) -> None:
        self._begun = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.latencies_s.append(time.perf_counter() - self._begun)


def joined(shares: Iterable[Sequence[float]]) -> list[float]:
    """All workers' latencies."""
    return [latency_s for share in shares for latency_s in share]


def check_found(found: object, key: str) -> None:
    """Raises :class:`Miscounted` when nothing was found."""
    if found is None:
        raise Miscounted(f"{key!r} was not there")


def check_next(revision: int, expected: int) -> None:
    """Raises :class:`Miscounted` when a watcher was told of another revision than the one that comes next."""
    if revision != expected:
        raise Miscounted(f"a watcher heard of revision {revision} where {expected} comes next")
