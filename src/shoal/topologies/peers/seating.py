"""Peers take their seats in a mesh: which members are peers, whether they can be, and how they get their seats."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

from shoal.runtime.errors import ConfigError
from shoal.topologies.peers.messages import Said
from shoal.topologies.peers.peer import Peer
from shoal.topologies.peers.rules import Seat
from shoal.topologies.wiring.signature import signature_of_agent


def is_peer(member: Any) -> bool:
    """Whether it speaks; other members only answer."""
    return isinstance(member, Peer) or (isinstance(member, type) and issubclass(member, Peer))


def check_peer(name: str, member: Any) -> None:
    """Raise :class:`ConfigError` for a peer that cannot be one."""
    if not is_peer(member):
        return
    if member.durable or member.concurrency != Peer.concurrency:
        raise ConfigError(
            f"mesh, member {name!r}: a peer is not durable and sets no concurrency: what must last belongs to the "
            "artefact on the board, and at_once says how many messages it works on"
        )
    if type(member.at_once) is not int or member.at_once < 1:
        raise ConfigError(
            f"mesh, member {name!r}: at_once is {member.at_once!r}; it must be a whole number from 1"
        )
    handled = set(signature_of_agent(member).answers)
    if Said not in handled:
        raise ConfigError(
            f"mesh, member {name!r}: {_label_of(member)} replaces on_peer_said, by which it is spoken to: call its own "
            "handler something else"
        )
    if handled == {Said}:
        raise ConfigError(
            f"mesh, member {name!r}: {_label_of(member)} handles nothing: add an `async def on_...(self, message: "
            "Type, ctx)`"
        )


def _label_of(member: Any) -> str:
    """The class of a peer or peer class."""
    return (member if isinstance(member, type) else type(member)).__name__


def seated(member: Any, seat: Seat) -> Any:
    """The peer with its seat: a copy of an instance, a factory for a class."""
    if isinstance(member, type):
        return partial(_made, member, seat)
    placed = copy.copy(member)
    placed.seat = seat
    return placed


def _made(kind: Callable[[], Peer], seat: Seat) -> Peer:
    peer = kind()
    peer.seat = seat
    return peer
