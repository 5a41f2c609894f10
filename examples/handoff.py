"""Questions about Python's library, from desk to desk: each knows a few modules, by their own docstrings.

It prints::

    ann: How do I wrap a paragraph of text? [text]
        textwrap.wrap: Wrap a single paragraph of text, returning a list of wrapped lines.
    bob: Which is the middle value of my data? [text -> numbers]
        statistics.median: Return the median (middle value) of numeric data.
    bob: And the most common data point? [numbers]
        statistics.mode: Return the most common data point from discrete or nominal data.
    cat: Can I copy a whole directory tree? [text -> numbers -> files]
        shutil.copytree: Recursively copy a directory tree and return the destination directory.
    dan: Which plane goes to Paris? [text -> numbers -> files -> librarian]
        a person will look, where text, numbers, files found nothing

A desk that finds nothing hands the question on, and says why; what nobody finds goes to a librarian. Whoever answered a
customer has the conversation: the next question goes to the same desk first.

Run it: ``python examples/handoff.py``, with ``--ray`` in a process for each agent.
"""

import asyncio
import importlib
import inspect
import re
import sys

from pydantic import BaseModel

import shoal

LEAST = 2
"""Words that a question and a docstring must share."""


class Question(BaseModel):
    customer: str
    text: str


class Answer(BaseModel):
    line: str


class Desk(shoal.Agent):
    """Looks for the function whose docstring shares the most words with the question."""

    def __init__(self, name: str, modules: list[str], following: str) -> None:
        self.name, self.modules, self.following = name, modules, following

    async def on_question(self, question: Question) -> Answer | shoal.Transfer:
        return self.look_up(question.text, ())

    async def on_handed(self, handed: shoal.Handed) -> Answer | shoal.Transfer:
        return self.look_up(handed.task["text"], handed.tried)

    def look_up(self, text: str, tried: tuple[str, ...]) -> Answer | shoal.Transfer:
        count, name, line = max(
            (len(words(text) & words(f"{name} {line}")), name, line)
            for module in self.modules
            for name, line in functions(module)
        )
        if count >= LEAST:
            return Answer(line=f"{name}: {line}")
        return shoal.Transfer(
            to=self.following,
            goal=text,
            reason=f"nothing in {', '.join(self.modules)}",
            tried=(*tried, self.name),
        )


async def librarian(handed: shoal.Handed) -> Answer:
    return Answer(line=f"a person will look, where {', '.join(handed.tried)} found nothing")


def functions(module: str) -> list[tuple[str, str]]:
    """Those of a module by their full names, with the first lines of their docstrings."""
    found = inspect.getmembers(importlib.import_module(module), callable)
    lines = [(f"{module}.{name}", (inspect.getdoc(one) or "").partition("\n")[0]) for name, one in found]
    return [(name, line) for name, line in lines if line and "._" not in name]


def words(text: str) -> set[str]:
    """Those that say something, without their endings."""
    return {word.rstrip("s") for word in re.findall(r"[a-z]{4,}", text.lower())}


DESKS = shoal.handoff(
    text=Desk("text", ["textwrap", "difflib"], "numbers"),
    numbers=Desk("numbers", ["statistics", "heapq", "bisect"], "files"),
    files=Desk("files", ["shutil", "glob", "fnmatch"], "somebody else"),
    librarian=librarian,
    default="librarian",
    conversation="customer",
    record=True,
)
QUESTIONS = [
    ("ann", "How do I wrap a paragraph of text?"),
    ("bob", "Which is the middle value of my data?"),
    ("bob", "And the most common data point?"),
    ("cat", "Can I copy a whole directory tree?"),
    ("dan", "Which plane goes to Paris?"),
]


async def main() -> None:
    async with shoal.start() if "--ray" in sys.argv else shoal.start("local") as system:
        team = await system.build(DESKS, name="desks")
        for customer, text in QUESTIONS:
            record = await team.ask(Question(customer=customer, text=text))
            path = [*(step.by for step in record.path), record.by]
            print(f"{customer}: {text} [{' -> '.join(path)}]\n    {record.answer['line']}")


if __name__ == "__main__":
    asyncio.run(main())
