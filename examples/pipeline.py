"""Texts through three stages with a gate between them.

It prints::

    3 words, 3 of them different: red green blue
    4 words, 2 of them different: one two one two
    refused: the gate after stage 'split' refused: ValueError: no words

Run it: ``python examples/pipeline.py``.
"""

import asyncio

from pydantic import BaseModel

import shoal


class Text(BaseModel):
    text: str


class Words(BaseModel):
    words: list[str]


class Report(BaseModel):
    line: str


async def clean(text: Text) -> Text:
    return Text(text=text.text.strip().lower())


async def split(text: Text) -> Words:
    return Words(words=text.text.split())


async def report(words: Words) -> Report:
    many, different = len(words.words), len(set(words.words))
    return Report(line=f"{many} words, {different} of them different: {' '.join(words.words)}")


def some_words(answer: Words) -> None:
    """The gate: bad output goes no further."""
    if not answer.words:
        raise ValueError("no words")


async def main() -> None:
    async with shoal.start() as system:
        stages = shoal.pipeline(clean=clean, split=split, report=report, gates={"split": some_words})
        line = await system.build(stages)
        for text in ("Red green BLUE", " one two one two", "   "):
            try:
                print((await line.ask(Text(text=text))).line)
            except shoal.errors.HandlerError as error:
                print("refused:", error.text.partition(": ")[2])


if __name__ == "__main__":
    asyncio.run(main())
