"""Python's own errors of the operating system, sorted to desks by what their documentation says.

It prints::

    files      BlockingIOError, FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError
    network    BrokenPipeError, ConnectionAbortedError, ConnectionError, ConnectionRefusedError, ConnectionResetError
    processes  ChildProcessError, InterruptedError, ProcessLookupError
    unclear    PermissionError, TimeoutError
    of 15 errors the rule was sure of 11, and the model knew 2 more
    when one desk fails: partial, without page (it needs 'files', which failed) and files (the archive is closed)

A rule looks for words. Where it finds none it is not sure, and a model is asked; here a scripted one, so that no key is
needed. What the model is not sure of either goes to the fallback. Then the page is written: the work is divided, a
subtask for each desk, and one for the page, which needs theirs and is given their results.

Run it: ``python examples/workers.py``, with ``--ray`` in a process for each agent.
"""

import asyncio
import builtins
import sys
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel

import shoal

Desk = Literal["files", "network", "processes", "unclear"]
DESKS: tuple[Desk, ...] = ("files", "network", "processes", "unclear")
WORDS: dict[str, Desk] = {
    "file": "files",
    "directories": "files",
    "connection": "network",
    "pipe": "network",
    "process": "processes",
}


class Fault(BaseModel):
    name: str
    text: str


class Guess(BaseModel):
    label: Desk
    confidence: float


class Filed(BaseModel):
    name: str
    desk: Desk


class Section(BaseModel):
    desk: Desk
    names: list[str]


class Page(BaseModel):
    results: dict[str, str] = {}
    """What the subtasks answered that the page needs."""


class Sections(BaseModel):
    sections: list[Section]


def by_word(fault: Fault) -> tuple[Desk, float]:
    """The rule: sure of what it has a word for."""
    for word, desk in WORDS.items():
        if word in fault.text.lower():
            return desk, 0.95
    return "unclear", 0.0


def guess(request: Any) -> Guess:
    """Stands for a model: it knows two errors more, and says how sure it is."""
    text = request.messages[-1].text
    if "I/O" in text:
        return Guess(label="files", confidence=0.8)
    return Guess(label="processes", confidence=0.9 if "signal" in text else 0.3)


class Clerk(shoal.Agent):
    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def on_fault(self, fault: Fault, ctx: shoal.Context) -> Filed:
        return Filed(name=fault.name, desk=self.desk)


class Archivist(shoal.Agent):
    def __init__(self, closed: str = "") -> None:
        self.closed = closed

    async def on_section(self, section: Section, ctx: shoal.Context) -> str:
        if section.desk == self.closed:
            raise RuntimeError("the archive is closed")
        return f"{section.desk:<10} {', '.join(section.names)}"


async def write(page: Page) -> str:
    return "\n".join(page.results[desk] for desk in DESKS)


def divide(work: Sections) -> list[shoal.Subtask]:
    parts = [shoal.Subtask(id=section.desk, message=section) for section in work.sections]
    return [shoal.Subtask(id="page", message=Page(), needs=DESKS, priority=1), *parts]


def the_page(work: Sections, answers: Sequence[str]) -> str:
    return answers[0]


LABELLER = shoal.LLMAgent(
    shoal.ScriptedModel(guess), "Which desk is this error for?", input=Fault, output=Guess
)
SORTING = shoal.worker(
    {desk: Clerk(desk) for desk in DESKS},
    classify=shoal.Classify(rule=by_word, model=LABELLER),
    fallback="unclear",
)
WRITING = shoal.worker({"archive": Archivist(), "writer": write}, split=divide, merge=the_page)
LIMPING = shoal.worker({"archive": Archivist("files"), "writer": write}, split=divide, partial=True)


def faults() -> list[Fault]:
    """What this Python says of its errors."""
    found = {
        name: one for name, one in vars(builtins).items() if isinstance(one, type) and name == one.__name__
    }
    return [
        Fault(name=name, text=one.__doc__ or "")
        for name, one in sorted(found.items())
        if issubclass(one, OSError) and one is not OSError
    ]


async def main() -> None:
    async with shoal.start() if "--ray" in sys.argv else shoal.start("local") as system:
        desks, writers, limping = [await system.build(team) for team in (SORTING, WRITING, LIMPING)]
        filed = await asyncio.gather(*(desks.ask(fault) for fault in faults()))
        work = Sections(
            sections=[
                Section(desk=desk, names=[one.name for one in filed if one.desk == desk]) for desk in DESKS
            ]
        )
        print(await writers.ask(work))
        sure = sum(by_word(fault)[1] >= 0.85 for fault in faults())
        known = sum(one.desk != "unclear" for one in filed)
        print(f"of {len(filed)} errors the rule was sure of {sure}, and the model knew {known - sure} more")
        result = await limping.ask(work)
        why = [f"{name} ({text.rpartition(': ')[2]})" for name, text in result.missing.items()]
        print(f"when one desk fails: {'partial' if result.partial else 'whole'}, without {' and '.join(why)}")


if __name__ == "__main__":
    asyncio.run(main())
