"""A cipher is broken on a blackboard: one agent posts hypotheses, three refine them, one watches what is found.

It prints::

    Quiescence(): 37 keys were tried; the best is SHOAL (6.64)
    ASHOALISWHATMANYFISHMAKEWHENTHEYSWIMASONE...

Nobody tells the refiners what to do next: they claim what looks best, and post what follows from it. The run is over
when nothing is claimed and nothing is left to claim.

Run it: ``python examples/blackboard_hypotheses.py``.
"""

import asyncio
from collections import Counter

from pydantic import BaseModel

import shoal
from shoal.blackboard.termination import Quiescence, TimeLimit
from shoal.errors import LeaseLost, NothingToClaim


class Hypothesis(BaseModel):
    """The text was enciphered with this key."""

    key: str


class Finding(BaseModel):
    """What a key gives. ``score``: the mean frequency of its letters, 6.6 for English, 3.8 for any text."""

    key: str
    score: float
    text: str


class Begin(BaseModel):
    """Take up work until there is none."""


class Follow(BaseModel):
    """Watch what is found until it is over."""


class Report(BaseModel):
    """What was found."""

    findings: list[Finding]


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PERCENT = (
    "12.7 9.1 8.2 7.5 7.0 6.7 6.3 6.1 6.0 4.3 4.0 2.8 2.8 2.4 2.4 2.2 2.0 2.0 1.9 1.5 1.0 0.8 0.2 0.2 0.1 0.1"
)
PERCENT = dict(zip("ETAOINSHRDLCUMWFGYPBVKJXQZ", map(float, _PERCENT.split()), strict=True))
"""How often each letter is used in English texts."""
TEXT = """
A shoal is what many fish make when they swim as one. No fish is in charge. Each of them sees its neighbours and keeps
its distance, and turns when they turn, and so the whole of them finds food and is safe from what hunts it. On a
blackboard it is the same: nobody tells the agents what to do next. Each reads what the others have found, takes up
what it is good at, and writes down what came of it.
"""


def turned(text: str, key: str, by: int) -> str:
    """Vigenère's cipher: each letter is moved on by the key's; ``by`` is 1, or -1 to undo it."""
    moves = [by * LETTERS.index(letter) for letter in key]
    return "".join(
        LETTERS[(LETTERS.index(letter) + moves[place % len(moves)]) % 26] for place, letter in enumerate(text)
    )


def score(cipher: str, key: str) -> float:
    """How English the text is that a key gives."""
    return round(sum(PERCENT[letter] for letter in turned(cipher, key, -1)) / len(cipher), 6)


def first_guess(cipher: str, length: int) -> str:
    """A key of this length by which the most frequent letter of each column is an E."""
    columns = [Counter(cipher[place::length]).most_common(1)[0][0] for place in range(length)]
    return turned("".join(columns), "E", -1)


def refined(cipher: str, key: str) -> str | None:
    """The best key that differs in one letter; ``None`` when none is better."""
    others = {key[:place] + letter + key[place + 1 :] for place in range(len(key)) for letter in LETTERS}
    best = max(others, key=lambda other: (score(cipher, other), other))
    return best if score(cipher, best) > score(cipher, key) else None


def priority(cipher: str, key: str) -> int:
    """The better a key looks, the sooner it is claimed."""
    return int(100 * score(cipher, key))


class Proposer(shoal.Agent):
    """Posts a first guess for each length of the key, all at one revision."""

    async def on_cipher(self, cipher: str, ctx: shoal.Context) -> None:
        guesses = [first_guess(cipher, length) for length in range(1, 9)]
        steps = [
            shoal.Do.post(f"hypothesis/{key}", Hypothesis(key=key), priority=priority(cipher, key))
            for key in guesses
        ]
        await ctx.board.transaction(then=[shoal.Do.put("cipher", cipher), *steps])


class Refiner(shoal.Agent):
    """Claims hypotheses; writes down what each gives, and posts a better one if it sees one."""

    async def on_begin(self, begin: Begin, ctx: shoal.Context) -> None:
        cipher = await ctx.board.get("cipher", str)
        assert cipher is not None
        while not (await ctx.board.status()).quiescent:
            try:
                async with ctx.board.claim(Hypothesis, prefix="hypothesis/", wait_s=0.5) as item:
                    await self.refine(item, cipher.value, ctx.board)
            except (NothingToClaim, LeaseLost):
                continue  # the others are at work: something may follow from that

    async def refine(self, item: shoal.HeldItem[Hypothesis], cipher: str, board: shoal.Board) -> None:
        key = item.value.key
        found = Finding(key=key, score=score(cipher, key), text=turned(cipher, key, -1))
        steps = [shoal.Do.put(f"finding/{key}", found), shoal.Do.complete(item, found.score)]
        better = refined(cipher, key)
        if better is None:
            await board.transaction(then=steps)
        else:  # it may have been posted already: another way led to it
            child = f"hypothesis/{better}"
            post = shoal.Do.post(child, Hypothesis(key=better), priority=priority(cipher, better))
            await board.transaction(shoal.Key(child).version == 0, then=[*steps, post], otherwise=steps)


class Watcher(shoal.Agent):
    """Sees every finding once, in order, whenever it starts to look."""

    async def on_follow(self, follow: Follow, ctx: shoal.Context) -> Report:
        seen: list[Finding] = []
        async for event in ctx.board.watch("finding/", since=1):
            if not isinstance(event.value, Finding):
                break  # finding/over
            seen.append(event.value)
        return Report(findings=seen)


async def main() -> None:
    plain = "".join(letter for letter in TEXT.upper() if letter in LETTERS)
    async with shoal.start() as system:
        board = await system.board().open()
        watcher = await system.spawn(Watcher())
        watching = asyncio.create_task(watcher.ask(Follow(), timeout_s=100))
        await (await system.spawn(Proposer())).ask(turned(plain, "SHOAL", 1))
        for number in range(3):
            await (await system.spawn(Refiner(), name=f"refiner-{number}")).tell(Begin())
        ended = await board.until(Quiescence() | TimeLimit(90))
        await board.put("finding/over", "over")
        report = await watching
    best = max(report.findings, key=lambda found: found.score)
    tried = f"{len(report.findings)} keys were tried"
    print(f"{ended.condition}: {tried}; the best is {best.key} ({best.score:.2f})")
    print(f"{best.text[:41]}...")


if __name__ == "__main__":
    asyncio.run(main())
