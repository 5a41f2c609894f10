"""What is an essay about? Four readers start from one word and follow those that stand near it, wherever that leads.

It prints::

    from 'tournament' to 9 words; nothing is left to do: 9 items are done, 0 dead
        memory     stands with  5 in  6 sentences
        items      stands with  3 in  5 sentences
        tournament stands with  3 in  4 sentences
        current    stands with  2 in  3 sentences
        input      stands with  2 in  2 sentences
    from 'replacing' to 1 words; nothing is left to do: 1 items are done, 0 dead
        replacing  stands with  0 in  0 sentences

Run it: ``python examples/swarm.py``, with ``--ray`` in a process for each agent.
"""

import asyncio
import heapq
import re
import sys

from pydantic import BaseModel

import shoal

COMMON = {"which", "there", "their", "other", "about", "these", "where", "being", "would"}
SENTENCES = [
    set(re.findall(r"[a-z]{5,}", one.lower())) - COMMON for one in re.split(r"[.!?]\s", heapq.__about__)
]
TOGETHER = 2
"""In so many sentences two words have to stand together, for one to lead to the other."""


class Word(BaseModel):
    word: str


class Place(BaseModel):
    """Where a word stands in the essay's web of words."""

    word: str
    sentences: int
    near: list[str]


class Read(shoal.Published):
    findings: list[Place]
    items: list[Word]


class Reader(shoal.Agent):
    """Reads all sentences with a word, and sends others after the words that it often stands with."""

    async def on_word(self, item: Word) -> Read:
        about = [sentence for sentence in SENTENCES if item.word in sentence]
        others = sorted(set().union(*about) - {item.word})
        near = [other for other in others if sum(other in sentence for sentence in about) >= TOGETHER]
        return Read(
            findings=[Place(word=item.word, sentences=len(about), near=near)],
            items=[Word(word=other) for other in near],
        )


class Web(shoal.SwarmResult):
    findings: list[Place]


async def main() -> None:
    readers = shoal.swarm(
        Reader,
        count=4,
        name_of=lambda item: item.word,  # two who come to the same word post it once
        until=[shoal.Quiescence(), shoal.TimeLimit(30)],
        result=Web,
    )
    async with shoal.start() if "--ray" in sys.argv else shoal.start("local") as system:
        team = await system.build(readers)
        for start in ("tournament", "replacing"):
            web = await team.ask(Word(word=start), timeout_s=60)
            print(f"from {start!r} to {web.done} words; {web.reason}")
            best = sorted(web.findings, key=lambda place: (-len(place.near), place.word))
            for place in best[:5]:
                print(
                    f"    {place.word:<10} stands with {len(place.near):>2} in {place.sentences:>2} sentences"
                )


if __name__ == "__main__":
    asyncio.run(main())
