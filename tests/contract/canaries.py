"""Secrets to plant, and agents that fail with all of them. Importable by the hosts' processes too."""

from __future__ import annotations

import logging
import os

from pydantic import BaseModel

import shoal
from shoal.runtime.errors import HandlerError

ENVIRONMENT = {
    "CANARY_API_KEY": "environment canary one",
    "CANARY_DB_PASSWORD": 'canary "two" with\'marks',
    "MY_CANARY_TOKEN": "canary-three/3",
    "CANARY_AUTH": "canary:four:4444",
}
"""Variables that the program is started with: nothing but their names tells that their values are secret."""
_JWT = "eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOiJ0d2VsdmUifQ.Y2FuYXJ5LXR3ZWx2ZQ"
_PEM = "-----BEGIN PRIVATE KEY-----\nMIICanary0ThirteenMIIC\nanary13/x+y==\n-----END PRIVATE KEY-----"
SHAPES = {
    "Authorization: Bearer {}": "canary-five.5",
    "bearer {}": "canarysix6canarysix6canarysix6canarysix6",
    "Authorization: Basic {}": "Y2FuYXJ5OnNldmVuc2V2ZW4=",
    "the key {} was refused": "sk-canary8canary8canary8",
    "key={}": "sk-proj-canary-nine-9",
    "remote: {}": "ghp_canary10canary10canary10",
    "id {},": "AKIACANARY1111111111",
    "jwt {}": _JWT,
    "pem {}": _PEM,
    "google {}": "AIzaCanary14canary14canary14canary14abc",
    "slack {}": "xoxb-141516-canaryfifteen",
    "gitlab <{}>": "glpat-canary16canary16cana",
    "postgres://me:{}@db/x": "canaryseventeen",
    "GET /v1?api_key={}&n=1": "canary18",
    '{{"password": "{}"}}': "canary nineteen",
    "Client(client_secret='{}')": "canary twenty",
}
"""What is around a secret, and the secret."""
SECRETS = [*ENVIRONMENT.values(), *SHAPES.values()]
KEPT = "sk-canary-kept-as-payload-21"
"""In a task's message, which the journal keeps as it is: the run could not be resumed without it."""


def talk() -> str:
    """A text with all secrets in it; those of the environment only in a process that has them."""
    found = [f"{name} {os.environ[name]}" for name in ENVIRONMENT]
    return " | ".join([*found, *(form.format(secret) for form, secret in SHAPES.items())])


class Say(BaseModel):
    """What a tool was called with, say."""

    text: str
    count: int = 0


@shoal.message("canary.number")
class Number(BaseModel):
    """As it is sent."""

    password: str


@shoal.message("canary.number")
class OtherNumber(BaseModel):
    """As its receiver knows it."""

    password: int


class Leaky(shoal.Agent):
    """Fails in each way, and everything it says and shows has secrets in it."""

    def __init__(self, fails: str = "") -> None:
        self.fails = fails

    def __repr__(self) -> str:
        return f"Leaky({talk()})"

    async def on_start(self, ctx: shoal.Context) -> None:
        if self.fails == "start":
            raise RuntimeError(f"no start: {talk()}")

    async def on_stop(self, ctx: shoal.Context, reason: str) -> None:
        raise RuntimeError(f"no stop: {talk()}")

    async def on_say(self, said: Say, ctx: shoal.Context) -> None:
        logging.getLogger("shoal.leaky").warning("%s was told %s", self, said)
        await ctx.once("tool", self.use_tool)

    async def use_tool(self) -> int:
        try:
            raise ValueError(f"a tool failed: {talk()}")
        except ValueError as exc:
            raise RuntimeError(f"{self!r} gives up", {"password": "canary nineteen"}) from exc

    async def on_number(self, number: OtherNumber) -> None:
        """Never called: nothing that is sent here fits."""

    async def on_reason(self, why: str, ctx: shoal.Context) -> None:
        raise HandlerError(
            why + talk(), type="canary", agent="x", traceback=talk(), headers={"Authorization": talk()}
        )


class Escalating(Leaky):
    """Ends with its error: its supervisor, or the system, has to say why."""

    on_error = "escalate"


class Relay(shoal.Agent):
    """Asks another, whose error becomes its own."""

    async def on_say(self, said: Say, ctx: shoal.Context) -> None:
        await ctx.ask("leaky", said)


class Worker(shoal.Agent):
    """Works on the board, and fails at it."""

    async def on_text(self, text: str, ctx: shoal.Context) -> None:
        async with ctx.board.claim(prefix="work/"):
            raise ValueError(talk())
