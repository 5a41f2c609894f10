"""Names of incarnations: whose, the how-maniest, and a random part. 12 bytes.

A host that comes back under its name has a higher generation, so that whoever hears from two of them knows which one
is dead.
"""

from __future__ import annotations

from hashlib import blake2b
from os import urandom
from typing import NamedTuple

_NAME = 6
_GENERATION = 3
_RANDOM = 3


class Lineage(NamedTuple):
    """What an incarnation's name says."""

    name: bytes
    """A hash of the host's name."""
    generation: int


def make_incarnation(name: str, generation: int) -> bytes:
    """A new incarnation's name; ``generation`` counts from 1."""
    whose: bytes = blake2b(name.encode(), digest_size=_NAME).digest()
    which: bytes = generation.to_bytes(_GENERATION, "big")
    return whose + which + urandom(_RANDOM)


def lineage(incarnation: bytes) -> Lineage | None:
    """Whose it is and which; ``None`` for bytes that are no incarnation's name."""
    if len(incarnation) != _NAME + _GENERATION + _RANDOM:
        return None
    return Lineage(incarnation[:_NAME], int.from_bytes(incarnation[_NAME : _NAME + _GENERATION], "big"))
