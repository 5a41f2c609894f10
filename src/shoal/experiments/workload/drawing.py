"""Which cases are taken, and in which order. Pure.

A case's rank is a hash of the seed and its id. A sample is the cases of the lowest ranks (bottom-k sampling: Cohen and
Kaplan, "Summarizing data using bottom-k sketches", 2007), and shuffled cases are in the order of their ranks. So a
larger sample holds the smaller one, a case's fate does not depend on its place in the file, and one pass is enough.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from hashlib import blake2b
from itertools import islice

from shoal.experiments.workload.cases import Case


def draw(
    cases: Iterable[Case], *, seed: int, sample: int | None, shuffle: bool, limit: int | None
) -> list[Case]:
    """The cases to take. No more are read than are needed, nor kept than are taken."""
    if sample is None and not shuffle:
        return list(islice(cases, limit))

    def rank(one: tuple[int, Case]) -> bytes:
        return rank_of(one[1].id, seed)

    placed = enumerate(cases)
    if shuffle:
        given = [size for size in (sample, limit) if size is not None]
        found = heapq.nsmallest(min(given), placed, key=rank) if given else sorted(placed, key=rank)
    else:
        found = sorted(heapq.nsmallest(sample or 0, placed, key=rank))[:limit]
    return [case for _, case in found]


def rank_of(case: str, seed: int) -> bytes:
    """Where chance puts a case: the same for the same seed."""
    return blake2b(f"{seed}\0{case}".encode(), digest_size=16).digest()
