"""Who has to act on an HTTP error, the client or the server? Three cheap labellers vote, and see only its text.

The texts are Python's own (``http.HTTPStatus``), and so is the truth: 4xx is the client's, 5xx the server's.

It prints::

    401 Unauthorized                     client  2 of 3, not alike
    403 Forbidden                        client  3 of 3
    404 Not Found                        client  2 of 3, not alike
    408 Request Timeout                  client  3 of 3
    409 Conflict                         client  3 of 3
    410 Gone                             client  2 of 3, not alike
    418 I'm a Teapot                     server  2 of 2: wrong
    451 Unavailable For Legal Reasons    undecided
    500 Internal Server Error            server  3 of 3
    502 Bad Gateway                      server  2 of 3, not alike
    503 Service Unavailable              server  3 of 3
    504 Gateway Timeout                  server  3 of 3
    505 HTTP Version Not Supported       undecided
    alone right: alike 8, description 10, phrase 10 of 13
    together: 10 right, 1 wrong, 2 undecided

Run it: ``python examples/fan_out.py``, or with ``--ray`` for an agent a process.
"""

import asyncio
import sys
from collections import Counter
from http import HTTPStatus

from pydantic import BaseModel

import shoal

ASKED = (401, 403, 404, 408, 409, 410, 418, 451, 500, 502, 503, 504, 505)
KNOWN = {
    400: "client",
    405: "client",
    411: "client",
    415: "client",
    501: "server",
    507: "server",
    510: "server",
}


class Failure(BaseModel):
    phrase: str
    description: str


class Label(BaseModel):
    label: str
    reason: str


class ByWords(shoal.Agent):
    """Looks for words in one of the texts."""

    concurrency = 16

    def __init__(self, field: str, client: str, server: str) -> None:
        self.field, self.words = field, {"client": client.split(), "server": server.split()}

    async def on_failure(self, failure: Failure) -> Label | None:
        text = getattr(failure, self.field).lower()
        found = {label: [word for word in words if word in text] for label, words in self.words.items()}
        label = max(found, key=lambda one: len(found[one]))
        return Label(label=label, reason=", ".join(found[label])) if found[label] else None


class Alike(shoal.Agent):
    """Says what is said of the known failure whose text has most in common with this one, letter by letter."""

    concurrency = 16

    async def on_failure(self, failure: Failure) -> Label:
        text = threes(f"{failure.phrase} {failure.description}")
        nearest = max(KNOWN, key=lambda code: alike(text, threes(text_of(code))))
        return Label(label=KNOWN[nearest], reason=f"like {nearest}")


def threes(text: str) -> Counter[str]:
    return Counter(text[at : at + 3].lower() for at in range(len(text) - 2))


def alike(one: Counter[str], other: Counter[str]) -> float:
    return 2 * (one & other).total() / (one.total() + other.total())


def text_of(code: int) -> str:
    return f"{HTTPStatus(code).phrase} {HTTPStatus(code).description}"


VOTERS = shoal.fan_out(
    phrase=ByWords("phrase", "request auth forbidden found gone conflict", "server gateway service internal"),
    description=ByWords(
        "description", "request uri user permission given", "server gateway cannot load response"
    ),
    alike=Alike(),
    by=shoal.majority_vote("label"),
    quorum=1,  # who finds no word says nothing, and the others vote without it
    early=False,  # we want to hear everybody
    report=True,
)


async def main() -> None:
    asked = [HTTPStatus(code) for code in ASKED]
    failures = [Failure(phrase=one.phrase, description=one.description) for one in asked]
    async with shoal.start() if "--ray" in sys.argv else shoal.start("local") as system:
        team = await system.build(VOTERS, name="voters")
        results = await asyncio.gather(*(team.ask(failure) for failure in failures))
    alone: Counter[str] = Counter()
    together: Counter[str] = Counter()
    for status, result in zip(asked, results, strict=True):
        outcome = outcome_of(status, result)
        together[outcome] += 1
        alone.update(name for name, label in result.answers.items() if label["label"] == truth(status))
        print(f"{status.value} {status.phrase:<32} {line(result)}{': wrong' if outcome == 'wrong' else ''}")
    print(f"alone right: {', '.join(f'{name} {alone[name]}' for name in sorted(alone))} of {len(asked)}")
    print(f"together: {', '.join(f'{together[name]} {name}' for name in ('right', 'wrong', 'undecided'))}")


def truth(status: HTTPStatus) -> str:
    return "client" if status < 500 else "server"


def outcome_of(status: HTTPStatus, result: shoal.FanOutResult) -> str:
    if not result.decided:
        return "undecided"
    return "right" if result.answer["label"] == truth(status) else "wrong"


def line(result: shoal.FanOutResult) -> str:
    if not result.decided:
        return "undecided"
    text = f"{result.answer['label']}  {len(result.votes[0].by)} of {len(result.answers)}"
    return f"{text}, not {' and '.join(result.dissent)}" if result.dissent else text


if __name__ == "__main__":
    asyncio.run(main())
