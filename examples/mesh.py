"""Nineteen peers hold one line each of the Zen of Python, and find the longest by asking their neighbours.

It prints::

    a ring                     10 rounds, 570 messages: converged
    a ring of four neighbours   6 rounds, 570 messages: converged
    a small world               5 rounds, 475 messages: converged
    It is: There should be one-- and preferably only one --obvious way to do it.

In each round every peer asks those it has a channel to what they knew before, and keeps the longest line. Nobody asks
everybody, and nobody stands in the middle. It is over when a round changes nothing. A few far connections (Watts and
Strogatz, 1998) make a world small: fewer rounds for the same number of channels.

Run it: ``python examples/mesh.py``, with ``--ray`` in a process for each peer.
"""

import asyncio
import codecs
import contextlib
import importlib
import io
import sys
from functools import partial

import shoal


class Reader(shoal.Peer):
    """Knows one line, and after each round the longest that it heard of."""

    at_once = 64

    def __init__(self, line: str) -> None:
        self.known = [line]

    async def on_task(self, task: str, ctx: shoal.Context) -> str:
        number = self.talk.round
        heard = await self.send_all(ctx, dict.fromkeys(self.neighbours, number - 1))
        self.known[number:] = [max(self.known[number - 1], *heard.values(), key=len)]
        return self.known[number]

    async def on_question(self, number: int, ctx: shoal.Context) -> str:
        return self.known[number]


def zen() -> list[str]:
    """The lines of Python's own ``import this``, which prints them when it is imported."""
    with contextlib.redirect_stdout(io.StringIO()):
        this = importlib.import_module("this")
    return [line for line in codecs.decode(this.s, "rot13").splitlines()[1:] if line]


async def main() -> None:
    readers = [Reader(line) for line in zen()]
    gossip = partial(shoal.mesh, readers, first="all", rounds=20, unchanged=1, turns=5_000, turns_each=1_000)
    shapes = {
        "a ring": gossip(channels="ring"),
        "a ring of four neighbours": gossip(channels="small_world", astray=0),
        "a small world": gossip(channels="small_world", astray=0.2, seed=1),
    }
    async with shoal.start() if "--ray" in sys.argv else shoal.start("local") as system:
        for shape, mesh in shapes.items():
            team = await system.build(mesh)
            result = await team.ask("Which line is the longest?", timeout_s=60)
            print(
                f"{shape:<26} {result.rounds:>2} rounds, {sum(result.turns.values()):>3} messages: {result.reason}"
            )
            await team.stop()
            found = set(result.answers.values())
    print("It is:", *found)


if __name__ == "__main__":
    asyncio.run(main())
