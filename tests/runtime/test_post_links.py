"""A host has one link to another, whoever asks for it and when: its receiver tells links apart by their host alone."""

from __future__ import annotations

import asyncio

import pytest

from shoal.runtime.config import Config
from shoal.runtime.errors import AgentDied, ShoalError
from shoal.runtime.host import Host
from shoal.runtime.outlink import OutLink
from shoal.runtime.peers import NoPeers

TURNS = 12
"""Turns of the event loop in which a second one sends; the link is there after some of them."""


class SlowPeers(NoPeers):
    """A link takes some turns of the event loop."""

    def __init__(self, dies: bool = False) -> None:
        self.links: list[OutLink] = []
        self.host: Host
        self._dies = dies

    async def link(self, host: str) -> OutLink:
        link = self.host.out.new_link(host)
        self.links.append(link)
        for _ in range(TURNS // 2):
            await asyncio.sleep(0)
        if self._dies and len(self.links) == 1:
            link.fail(AgentDied("it died while it was connected to"))
        return link


def host_with(peers: SlowPeers) -> Host:
    peers.host = Host("here", Config(), peers)
    return peers.host


@pytest.mark.parametrize("turns", range(TURNS))
async def test_whoever_sends_while_a_link_is_being_made_or_has_just_been_gets_the_same(turns: int) -> None:
    peers = SlowPeers()
    host = host_with(peers)

    async def late() -> OutLink:
        for _ in range(turns):
            await asyncio.sleep(0)
        return (await host.out._route("there"))[0]

    found = await asyncio.gather(late(), host.out._route("there"))
    assert peers.links == [found[0]] == [found[1][0]]


async def test_a_link_that_was_lost_while_it_was_made_is_not_kept() -> None:
    peers = SlowPeers(dies=True)
    host = host_with(peers)
    first, _ = await host.out._route("there")
    with pytest.raises(ShoalError, match="died while"):
        raise first.failure or ShoalError("it did not fail")
    second, _ = await host.out._route("there")
    assert second.failure is None
    assert (await host.out._route("there"))[0] is second
    assert peers.links == [first, second]
