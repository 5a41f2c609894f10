"""The Zen of Python as headlines: a graph with a condition, two branches that are joined, and a bounded loop.

It prints::

    Beautiful is better than ugly.              compared   beautiful > ugly
    Complex is better than complicated.         compared   complex > complicated
    Readability counts.                         as it is   Readability counts.
    Errors should never pass silently.          as it is   Errors should never pass silently.
    There should be one-- and preferably onl... cut        should one-- preferably only --obvious wa...
    Although never is often better than *rig... cut        Although never often better than *right* ...
    Namespaces are one honking great idea --... cut        Namespaces honking great idea -- let's do...
    19 lines: 4 as it is, 7 compared, 5 cut, 3 shortened

A line that compares goes to two agents at once, and a join makes one headline of what they find. One that is too long
goes round: each time a word that says little is left out, five times at most; then it is cut.

Run it: ``python examples/graph.py``, with ``--ray`` in a process for each agent.
"""

import asyncio
import codecs
import contextlib
import importlib
import io
import sys
from collections import Counter

from pydantic import BaseModel

import shoal

MOST = 44
"""Characters of a headline."""
SAY_LITTLE = [
    "the",
    "to",
    "and",
    "is",
    "are",
    "there",
    "that",
    "aren't",
    "be",
    "it",
    "at",
    "may",
    "you're",
    "they",
    "one",
    "of",
]


class Line(BaseModel):
    text: str
    how: str = "as it is"


class Side(BaseModel):
    words: str


def compares(line: Line) -> bool:
    return " is better than " in line.text


def too_long(line: Line) -> bool:
    return len(line.text) > MOST


async def measure(line: Line) -> Line:
    return line


async def better(line: Line) -> Side:
    return Side(words=line.text.partition(" is better than ")[0].lower())


async def worse(line: Line) -> Side:
    return Side(words=line.text.partition(" is better than ")[2].rstrip(".").lower())


def compared(sides: dict[str, Side]) -> Line:
    return Line(text=f"{sides['better'].words} > {sides['worse'].words}", how="compared")


async def shorten(line: Line) -> Line:
    """Leaves out the first word that says little."""
    words = line.text.split()
    little = next((word for word in words if word.lower() in SAY_LITTLE), None)
    if little is not None:
        words.remove(little)
    return Line(text=" ".join(words), how="shortened")


async def cut(line: Line) -> Line:
    return Line(text=f"{line.text[: MOST - 3]}...", how="cut")


HEADLINES = (
    shoal.graph(measure=measure, better=better, worse=worse, cut=cut)
    .node("shorten", shorten, most=5, then="cut")
    .edge("measure", "better", "worse", when=compares)
    .edge("measure", "shorten", when=too_long)
    .edge("shorten", "shorten", when=too_long)
    .join("compared", of=["better", "worse"], by=compared)
    .end("measure", "compared", "shorten", "cut")
)


def zen() -> list[Line]:
    """The lines of Python's own ``import this``, which prints them when it is imported."""
    with contextlib.redirect_stdout(io.StringIO()):
        this = importlib.import_module("this")
    return [Line(text=text) for text in codecs.decode(this.s, "rot13").splitlines() if text]


async def main() -> None:
    async with shoal.start() if "--ray" in sys.argv else shoal.start("local") as system:
        team = await system.build(HEADLINES)
        lines = zen()[1:]  # the first is its title
        headlines = await asyncio.gather(*(team.ask(line) for line in lines))
    for line, headline in list(zip(lines, headlines, strict=True))[::3]:
        short = line.text if len(line.text) <= 43 else f"{line.text[:40]}..."
        print(f"{short:<43} {headline.how:<10} {headline.text}")
    counts = sorted(Counter(headline.how for headline in headlines).items())
    print(f"{len(lines)} lines: {', '.join(f'{count} {how}' for how, count in counts)}")


if __name__ == "__main__":
    asyncio.run(main())
