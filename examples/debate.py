"""An abstract of an essay, argued over: one picks sentences, one wants it short, one wants what matters in it.

It prints::

    round 1
        brief objects: 78 words are more than 50: In a usual binary tournament we see in sport...
        whole objects: nothing about 'smallest': The interesting property of a heap is that a...
    round 2
        brief objects: 57 words are more than 50: The strange invariant above is meant to be a...
        whole objects: nothing about 'sort': Heaps are also very useful in big disk sorts...
    round 3
        brief objects: 51 words are more than 50: If this heap invariant is protected at all t...
        whole objects: nothing about 'tournament': Tournaments are a good way to that....
    round 4
        whole objects: nothing about 'winner': If this heap invariant is protected at all t...
    round 5
        brief objects: 58 words are more than 50: If this heap invariant is protected at all t...
    judge decides: long is better than incomplete
        For the sake of comparison, non-existing elements are considered to be infinite.
        The interesting property of a heap is that a[0] is always its smallest element.
        Heaps are also very useful in big disk sorts.
        Tournaments are a good way to that.
        If this heap invariant is protected at all time, index 0 is clearly the overall winner.

Run it: ``python examples/debate.py``, with ``--ray`` in a process for each agent.
"""

import asyncio
import heapq
import re
import sys

from pydantic import BaseModel

import shoal

MOST_WORDS = 50
SUBJECTS = ["heap", "smallest", "tournament", "winner", "sort"]


class Essay(BaseModel):
    text: str


class Abstract(BaseModel):
    sentences: list[str]

    @property
    def words(self) -> int:
        return len(" ".join(self.sentences).split())


class Again(shoal.Revision):
    """What the author gets from the second round on: the types are ours."""

    task: Essay
    draft: Abstract


class Author(shoal.Agent):
    """Takes sentences as they are: the first of each of the last paragraphs; then does what it is told."""

    concurrency = 16

    async def on_essay(self, essay: Essay) -> Abstract:
        paragraphs = essay.text.split("\n\n")[2:]
        return Abstract(sentences=[found[0] for one in paragraphs if (found := sentences(one))][:4])

    async def on_again(self, again: Again) -> Abstract:
        kept = list(again.draft.sentences)
        for objection in again.objections:
            (passage,) = objection.evidence
            if objection.by == "brief":
                kept.remove(passage)
            elif passage not in kept:
                kept.append(passage)
        return Abstract(sentences=kept)


async def brief(abstract: Abstract) -> shoal.Verdict:
    """Wants it short; what it would leave out is its evidence."""
    good = abstract.words <= MOST_WORDS
    longest = max(abstract.sentences, key=len)
    return shoal.Verdict(
        good=good, why=f"{abstract.words} words are more than {MOST_WORDS}", evidence=[longest]
    )


async def whole(case: shoal.Proposal) -> shoal.Verdict:
    """Wants every subject in it; the shortest sentence about one that is not is its evidence."""
    said = " ".join(case.answer["sentences"]).lower()
    for subject in SUBJECTS:
        if subject not in said:
            about = [one for one in sentences(case.task["text"]) if subject in one.lower()]
            return shoal.Verdict(good=False, why=f"nothing about {subject!r}", evidence=[min(about, key=len)])
    return shoal.Verdict(good=True, evidence=case.answer["sentences"])


async def judge(dispute: shoal.Dispute) -> shoal.Decision:
    """Long is better than incomplete."""
    for number, draft in enumerate(dispute.drafts, 1):
        if all(objection.by == "brief" for objection in draft.objections):
            return shoal.Decision(draft=number, why="long is better than incomplete")
    return shoal.Decision(draft=0, why="none of them is complete")


def sentences(text: str) -> list[str]:
    """Those that are prose."""
    found = re.split(r"(?<=[.!?])\s+(?=[A-Z])", " ".join(text.split()))
    return [one for one in found if re.fullmatch(r"[A-Z].*[a-z)][.!]", one) and "[1]" not in one]


async def main() -> None:
    team = shoal.debate(Author(), brief=brief, whole=whole, judge=judge, rounds=8, record=True)
    async with shoal.start() if "--ray" in sys.argv else shoal.start("local") as system:
        record = await (await system.build(team)).ask(Essay(text=heapq.__about__))
    for one in record.rounds:
        print(f"round {one.number}")
        for objection in one.objections:
            print(f"    {objection.by} objects: {objection.why}: {objection.evidence[0][:44]}...")
    print(f"{record.ended} decides: {record.why}")
    for sentence in record.answer["sentences"]:
        print(f"    {sentence}")


if __name__ == "__main__":
    asyncio.run(main())
