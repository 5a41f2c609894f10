"""Fan-outs for both hosts: a vote with a dissenter, a part of the answer from each member, and one who writes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, Field

import shoal
from shoal.topologies import Topology
from shoal.topologies.answers.fan_out_result import FanOutResult
from shoal.topologies.answers.merging import merge_by_schema
from shoal.topologies.answers.synthesis import Synthesis, synthesize
from shoal.topologies.answers.voting import majority_vote
from shoal.topologies.fan_out import fan_out
from tests.topologies.case import WAIT_S, Case


class Number(BaseModel):
    n: int


class Size(BaseModel):
    label: str
    by: str


class Sized(FanOutResult):
    """With the types of this fan-out."""

    answer: Size | None = None
    answers: dict[str, Size] = Field(default_factory=dict)


class Facts(BaseModel):
    """What is to be known of a number; each member knows some."""

    n: int
    even: bool | None = None
    digits: int | None = None
    square: int | None = None


class Sizer(shoal.Agent):
    """Says whether a number is small, or, when it is stubborn, that it is large."""

    concurrency = 64

    def __init__(self, name: str, stubborn: bool = False) -> None:
        self.name, self.stubborn = name, stubborn

    async def on_number(self, number: Number, ctx: shoal.Context) -> Size:
        await asyncio.sleep(WAIT_S)
        small = number.n < 10 and not self.stubborn
        return Size(label="small" if small else "large", by=self.name)


class Knower(shoal.Agent):
    """Knows one thing about numbers."""

    concurrency = 64

    def __init__(self, fact: str) -> None:
        self.fact = fact

    async def on_number(self, number: Number, ctx: shoal.Context) -> Facts:
        await asyncio.sleep(WAIT_S)
        n = number.n
        known = {"even": n % 2 == 0, "digits": len(str(n)), "square": n * n}
        return Facts.model_validate({"n": n, self.fact: known[self.fact]})


async def write(synthesis: Synthesis) -> str:
    await asyncio.sleep(WAIT_S)
    labels = [f"{name}={answer['label']}" for name, answer in synthesis.answers.items()]
    return f"{synthesis.task['n']}: {', '.join(labels)}; {len(synthesis.conflicts)} conflicts"


def sizers() -> dict[str, Any]:
    return {"a": Sizer("a"), "b": Sizer("b", stubborn=True), "c": Sizer("c")}


def voting() -> Topology:
    return fan_out(sizers(), by=majority_vote("label"), report=Sized, early=False)


def is_voted(n: int, answer: Any) -> None:
    label = "small" if n < 10 else "large"
    assert answer.answer == Size(label=label, by="a")
    assert list(answer.answers) == ["a", "b", "c"]
    assert answer.dissent == (("b",) if n < 10 else ())
    assert not answer.partial


def merging() -> Topology:
    facts = [Knower("even"), Knower("digits"), Knower("square")]
    return fan_out(*facts, by=merge_by_schema(Facts))


def is_merged(n: int, answer: Any) -> None:
    assert answer == Facts(n=n, even=n % 2 == 0, digits=len(str(n)), square=n * n)


def writing() -> Topology:
    return fan_out(sizers(), by=synthesize(write, fields=["label"]))


def is_written(n: int, answer: Any) -> None:
    label, conflicts = ("small", 1) if n < 10 else ("large", 0)
    assert answer == f"{n}: a={label}, b=large, c={label}; {conflicts} conflicts"


def case(name: str, team: Callable[[], Topology], check: Callable[[int, Any], None], *victims: str) -> Case:
    return Case(name, team, lambda n: Number(n=n), check, ("", *victims))


CASES = [
    case("fan_out, vote", voting, is_voted, "b"),
    case("fan_out, merge", merging, is_merged, "2"),
    case("fan_out, synthesis", writing, is_written, "c", "writer"),
]
