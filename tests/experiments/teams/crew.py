"""Messages, agents and functions that the tests' descriptions name by import path."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel

import shoal
from shoal.models.chat import ChatRequest

HERE = "tests.experiments.teams.crew"


class Ticket(BaseModel):
    text: str
    skill: str = ""


class Label(BaseModel):
    label: str
    confidence: float = 1.0


class View(BaseModel):
    text: str


class Keyword(shoal.Agent):
    """Labels tickets by a word in them."""

    def __init__(self, word: str = "charge", label: str = "billing", rest: str = "other") -> None:
        self.word, self.label, self.rest = word, label, rest

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Label:
        return Label(label=self.label if self.word in ticket.text else self.rest)


class Needy(shoal.Agent):
    """Cannot be made without a word."""

    def __init__(self, word: str) -> None:
        self.word = word

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Label:
        return Label(label=self.word)


class Able(shoal.Agent):
    capabilities = ("refunds",)

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Label:
        return Label(label="able")


class Viewer(shoal.Agent):
    async def on_view(self, view: View, ctx: shoal.Context) -> Label:
        return Label(label=f"viewed {view.text}")


keyword = Keyword()
nothing = 3


async def shout(ticket: Ticket) -> Ticket:
    return Ticket(text=ticket.text.upper(), skill=ticket.skill)


async def compared(ticket: Ticket, other: Ticket) -> Ticket:
    return max(ticket, other, key=lambda one: len(one.text))


async def one_by_one(ticket: Ticket) -> AsyncIterator[Ticket]:
    yield ticket


async def whisper(ticket: Ticket) -> Ticket:
    return Ticket(text=ticket.text.lower(), skill=ticket.skill)


async def doubt(proposal: shoal.Proposal) -> shoal.Verdict:
    return shoal.Verdict(good=True, evidence=[proposal.task["text"]])


async def judge(judgement: shoal.Judgement) -> shoal.Verdict:
    return shoal.Verdict(good=True)


async def label(task: Ticket | shoal.Revision) -> Label:
    return Label(label="billing")


async def pass_on(ticket: Ticket) -> Label | shoal.Transfer:
    if "charge" in ticket.text:
        return shoal.Transfer(to="bills", goal="label it", reason="it is about money")
    return Label(label="desk")


async def take_over(handed: shoal.Handed) -> Label:
    return Label(label=f"bills: {handed.task['text']}")


async def find(ticket: Ticket) -> shoal.Published:
    more = [Ticket(text=part) for part in ticket.text.split() if part != ticket.text]
    return shoal.Published(findings=[] if more else [ticket.text], items=more)


async def write(synthesis: shoal.Synthesis) -> Label:
    return Label(label=" and ".join(str(answer["label"]) for answer in synthesis.answers.values()))


class Speaker(shoal.Peer):
    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Label:
        said = [await self.send(ctx, other, ticket) for other in self.neighbours if self.talk.by == ""]
        return Label(label=f"{self.talk.me} and {len(said)}")


def make_keyword(word: str = "charge") -> Keyword:
    return Keyword(word)


def make_team() -> shoal.Topology:
    return shoal.pipeline(shout, Keyword("CHARGE"))


def make_nothing() -> int:
    return 3


def make_trouble() -> shoal.Agent:
    raise RuntimeError("no luck")


def split(ticket: Ticket) -> list[Ticket]:
    return [Ticket(text=part) for part in ticket.text.split()]


def merge(ticket: Ticket, answers: Sequence[Label]) -> Label:
    return Label(label=", ".join(answer.label for answer in answers))


def choose_last(message: Any, workers: Sequence[Any]) -> str:
    name: str = workers[-1].name
    return name


def most(message: Any, answers: Mapping[str, Label]) -> Label:
    return max(answers.values(), key=lambda answer: answer.label)


def skill_of(ticket: Ticket) -> str:
    return ticket.skill


def is_money(label: Label) -> bool:
    return label.label == "billing"


def has_text(ticket: Ticket) -> bool:
    return bool(ticket.text)


def not_empty(label: Label) -> str | None:
    return None if label.label else "it is empty"


def rule(ticket: Ticket) -> tuple[Literal["bills", "desk"], float]:
    return ("bills", 1.0) if "charge" in ticket.text else ("desk", 0.2)


def by_rule(request: Any) -> str:
    return "by rule"


def _answer(request: ChatRequest) -> str:
    """What fits whatever is asked: the first choice there is, else the last words."""
    text = request.messages[-1].text
    if request.output is None:
        return f"said {text}"
    return json.dumps(_of_schema(request.output.json_schema, text))


def _of_schema(schema: dict[str, Any], text: str) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _of_schema(schema["anyOf"][0], text)
    match schema.get("type"):
        case "object":
            return {name: _of_schema(one, text) for name, one in schema.get("properties", {}).items()}
        case "array":
            return []
        case "number" | "integer":
            return 1
        case "boolean":
            return True
    return text


SCRIPT = _answer
