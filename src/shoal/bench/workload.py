"""The messages that every side of a row sends: the same fields, the same size, typed.

A parcel packs to 200 bytes of msgpack, the size that the figures of other systems were taken with.
"""

from __future__ import annotations

from pydantic import BaseModel

# msgpack packs a number below 128 into one byte, below 256 into two, below 65,536 into three: sized for three.
_TEXT = "x" * 153


class Parcel(BaseModel):
    """What is told and asked: 200 bytes when packed."""

    number: int
    sender: str
    score: float
    text: str


class Receipt(BaseModel):
    """The answer to a parcel."""

    number: int
    handled: int
    """How many the receiver has handled, this one included."""


class Token(BaseModel):
    """What goes round a ring of agents."""

    number: int
    hops_left: int
    """How many more agents have to handle it after this one."""
    text: str


POOL = 4096
"""Parcels are made beforehand and sent again and again, by every side: what is measured is messaging, and making one
(Pydantic validates it) takes 1.5 µs, a quarter of what a message costs between processes."""


def _make(number: int) -> Parcel:
    return Parcel(number=number, sender="driver", score=0.5, text=_TEXT)


_PARCELS = tuple(_make(number) for number in range(POOL))


def parcel(number: int) -> Parcel:
    """The parcel of this number: one of the pool, or a new one for a number below 0 (which nobody counts)."""
    return _PARCELS[number % POOL] if number >= 0 else _make(number)


_KILOBYTES = tuple(
    Parcel(number=number, sender="driver", score=0.5, text="x" * 978) for number in range(POOL)
)


def kilobyte(number: int) -> Parcel:
    """A parcel of about 1,024 bytes: one of a pool, like :func:`parcel`."""
    return _KILOBYTES[number % POOL]


def answers(receipt: Receipt, number: int) -> bool:
    """Whether ``receipt`` is that of ``parcel(number)``."""
    return receipt.number == parcel(number).number


def token(number: int, hops_left: int) -> Token:
    """The token of this number."""
    return Token(number=number, hops_left=hops_left, text=_TEXT)
