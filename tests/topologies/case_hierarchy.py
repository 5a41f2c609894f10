"""Hierarchy, for both hosts: words counted in two branches of two."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel

import shoal
from shoal.topologies.hierarchy import branch, hierarchy
from shoal.topologies.tree.summaries import BranchReports, BranchSummary
from shoal.topologies.wiring.topology import Topology
from tests.topologies.case import WAIT_S, Case


class Words(BaseModel):
    words: list[str]


class Tally(BranchSummary):
    counts: dict[str, int]


class Tallies(BranchReports):
    answers: dict[str, Tally]


class Counter(shoal.Agent):
    """Counts words, after a while."""

    concurrency = 64

    async def on_words(self, words: Words, ctx: shoal.Context) -> Tally:
        await asyncio.sleep(WAIT_S)
        return Tally(counts={word: words.words.count(word) for word in words.words})


def halves(words: Words) -> list[Words]:
    middle = len(words.words) // 2
    return [Words(words=words.words[:middle]), Words(words=words.words[middle:])]


def add(tallies: Tallies) -> Tally:
    counts: dict[str, int] = {}
    for one in tallies.answers.values():
        for word, count in one.counts.items():
            counts[word] = counts.get(word, 0) + count
    return Tally(counts=counts)


class Adder(shoal.Agent):
    concurrency = 64

    async def on_tallies(self, tallies: Tallies, ctx: shoal.Context) -> Tally:
        return add(tallies)


def team() -> Topology:
    east = branch("east", [Counter, Counter], divide=halves, summarize=add, summary=Tally, need=2)
    west = branch("west", [Counter, Counter], divide=halves, summarize=Adder, summary=Tally, need=2)
    return hierarchy([east, west], divide=halves, summarize=add, summary=Tally, need=2)


def message(number: int) -> Words:
    return Words(words=[f"w{number}", "all"] * 4)


def check(number: int, answer: Any) -> None:
    assert answer == Tally(counts={f"w{number}": 4, "all": 4})


CASES = [Case("hierarchy", team, message, check, victims=("", "east", "west/1", "west/summarize"))]
