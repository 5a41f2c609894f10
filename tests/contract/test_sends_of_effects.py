"""What is sent within ``ctx.once`` has ids of its own: a rerun that leaves it out sends all else under the same ids."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

import shoal
from tests.contract.stands import Stand


class Seen(BaseModel):
    texts: list[str] = []


class Book(shoal.Agent):
    """Notes each text that it is asked."""

    durable = True
    state: Seen

    async def on_text(self, text: str) -> str:
        self.state.texts.append(text)
        return f"{text} is number {len(self.state.texts)}"


class Asker(shoal.Agent):
    """Asks within an effect, and after it."""

    async def on_text(self, text: str, ctx: shoal.Context) -> list[str]:
        within: str = await ctx.once("look it up", lambda: ctx.ask("book", f"{text} within"))
        return [within, await ctx.ask("book", f"{text} after")]


async def test_what_is_sent_after_an_effect_is_the_same_when_the_effect_is_taken_from_the_record(
    tmp_path: Path,
) -> None:
    stand = Stand("local", tmp_path / "run")
    await stand.open()
    try:
        await stand.spawn(Book, "book")
        await stand.spawn(Asker(), "asker")
        said = ["a within is number 1", "a after is number 2"]
        assert await stand.ask_as(b"the first 01", "asker", "a") == said
        await stand.kill("asker")
        assert await stand.ask_as(b"the first 01", "asker", "a") == said
        assert await stand.ask_as(b"the second 1", "asker", "a") == [
            "a within is number 3",
            "a after is number 4",
        ]
    finally:
        await stand.close()
