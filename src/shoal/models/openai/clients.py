"""One client of the openai package for each endpoint and event loop of a process, shared by all models that are there.

Opening a client takes milliseconds, and its connections can be used by one event loop only. The last model that closes
closes it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from weakref import WeakKeyDictionary

import httpx2
import openai

from shoal.models.openai.address import OPENAI, is_loopback

CONNECT_S = 10.0
"""The client's only time limit: reading has those of the calling layer."""

_CONNECTIONS = httpx2.Limits(max_connections=None, max_keepalive_connections=512, keepalive_expiry=30.0)
"""No bound on calls in flight: concurrency is limited before a call, for the whole cluster."""


class Place(NamedTuple):
    """What can be shared: the same address, and the same key."""

    base_url: str
    api_key_env: str


class _Shared:
    """A client and how many models use it."""

    def __init__(self, client: openai.AsyncOpenAI) -> None:
        self.client = client
        self.users = 0


class Clients:
    """The clients of this process."""

    def __init__(self) -> None:
        self._by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Place, _Shared]] = (
            WeakKeyDictionary()
        )
        self._lock = threading.Lock()  # loops of several threads come here

    def take(self, place: Place, key: Callable[[], Awaitable[str]]) -> openai.AsyncOpenAI:
        """The client of the running loop, used by one model more. ``key`` is asked for each request, of whoever took
        it first; others of this place get the same."""
        loop = asyncio.get_running_loop()
        with self._lock:
            here = self._by_loop.setdefault(loop, {})
            shared = here.get(place)
            if shared is None:
                shared = here[place] = _Shared(_opened(place, key))
            shared.users += 1
            return shared.client

    async def give_back(self, place: Place) -> None:
        """One model of the running loop less uses it."""
        with self._lock:
            here = self._by_loop.get(asyncio.get_running_loop(), {})
            shared = here.get(place)
            if shared is None:
                return
            shared.users -= 1
            if shared.users > 0:
                return
            del here[place]
        await shared.client.close()

    def count(self) -> int:
        """How many clients are open."""
        with self._lock:
            return sum(len(here) for here in self._by_loop.values())


CLIENTS = Clients()
"""Global on purpose: what is shared are the connections of a process, whichever systems are in it."""


def _opened(place: Place, key: Callable[[], Awaitable[str]]) -> openai.AsyncOpenAI:
    timeout = httpx2.Timeout(None, connect=CONNECT_S)
    # A proxy of the environment cannot reach this machine's loopback. Redirects would turn a POST into a GET. Plain
    # HTTP needs no certificates, and reading them took 60 of the 65 ms that opening a client takes.
    http = httpx2.AsyncClient(
        timeout=timeout,
        limits=_CONNECTIONS,
        follow_redirects=False,
        verify=place.base_url.startswith("https:"),
        trust_env=not is_loopback(place.base_url),
    )
    client = openai.AsyncOpenAI(
        api_key=key, base_url=place.base_url, max_retries=0, timeout=timeout, http_client=http
    )
    if place.base_url != OPENAI:
        # The client takes these from the environment; they are for OpenAI alone.
        client.organization = client.project = client.admin_api_key = None
    return client
