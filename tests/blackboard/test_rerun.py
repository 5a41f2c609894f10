"""A message is handled again when its agent's process died: what that asks of a board, and what it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import shoal
from shoal.runtime.context import Context


class Rerun(shoal.Agent):
    """Handles its message in two ways, the second as the next incarnation would: with a context of its own."""

    def __init__(self, first: Callable[[shoal.Board], Any], again: Callable[[shoal.Board], Any]) -> None:
        self.ways = first, again

    async def on_text(self, text: str, ctx: shoal.Context) -> list[Any]:
        return [await way(Context(ctx._cell, ctx._delivery).board) for way in self.ways]


async def handled_twice(
    first: Callable[[shoal.Board], Any], again: Callable[[shoal.Board], Any]
) -> tuple[Any, Any, int]:
    """What the two gave, and the region's revision afterwards."""
    async with shoal.start("local") as system:
        board = await system.board(durable=False).open()
        await board.post("task/1", 1)
        await board.post("task/2", 2)
        agent = await system.spawn(Rerun(first, again))
        one, two = await agent.ask("go")
        return one, two, (await board.status()).revision


async def test_a_write_that_comes_again_is_done_once_and_gets_the_same_answer() -> None:
    async def write(board: shoal.Board) -> int:
        return (await board.put("a", 1)).revision

    assert await handled_twice(write, write) == (3, 3, 3)


async def test_a_write_is_known_again_also_when_others_come_before_it() -> None:
    async def first(board: shoal.Board) -> int:
        return (await board.put("a", 1)).revision

    async def again(board: shoal.Board) -> list[int]:
        return [(await board.put("b", 1)).revision, (await board.put("a", 1)).revision]

    assert await handled_twice(first, again) == (3, [4, 3], 4)


async def test_another_write_in_the_place_of_the_first_is_done_too() -> None:
    async def first(board: shoal.Board) -> int:
        return (await board.put("a", 1)).revision

    async def again(board: shoal.Board) -> int:
        return (await board.put("a", 2)).revision

    assert await handled_twice(first, again) == (3, 4, 4)


async def test_the_same_write_twice_in_one_handling_is_two_writes() -> None:
    async def write(board: shoal.Board) -> list[int]:
        return [(await board.put("a", 1)).revision, (await board.put("a", 1)).revision]

    assert await handled_twice(write, write) == ([3, 4], [3, 4], 4)


async def test_a_claim_that_comes_again_has_the_same_item() -> None:
    async def claim(board: shoal.Board) -> list[Any]:
        item = await board.try_claim(prefix="task/")
        assert item is not None
        return [item.key, item.token]

    assert await handled_twice(claim, claim) == (["task/1", 3], ["task/1", 3], 3)


async def test_a_read_that_comes_again_sees_what_is_there_now() -> None:
    async def first(board: shoal.Board) -> list[Any]:
        seen = await board.get("a")
        await board.put("a", "new")
        return [seen, (await board.status()).revision]

    async def again(board: shoal.Board) -> list[Any]:
        event = await anext(board.watch("a", since=1))
        entry = await board.get("a")
        assert entry is not None
        return [entry.value, event.value, (await board.status()).revision]

    assert await handled_twice(first, again) == ([None, 3], ["new", "new", 3], 3)


async def test_a_claim_whose_item_was_done_claims_another_when_it_comes_again() -> None:
    async def work(board: shoal.Board) -> str:
        async with board.claim(prefix="task/") as item:
            return item.key

    one, two, _ = await handled_twice(work, work)
    assert (one, two) == ("task/1", "task/2")


async def test_the_same_write_of_a_dying_incarnation_and_of_its_next_one_at_once_is_done_once() -> None:
    async with shoal.start("local") as system:
        board = await system.board(durable=False).open()

        class Both(shoal.Agent):
            async def on_text(self, text: str, ctx: shoal.Context) -> list[int]:
                contexts = [Context(ctx._cell, ctx._delivery) for _ in range(2)]
                entries = await asyncio.gather(*(one.board.put("a", 1) for one in contexts))
                return [entry.revision for entry in entries]

        agent = await system.spawn(Both())
        assert await agent.ask("go") == [1, 1]
        assert (await board.status()).revision == 1
