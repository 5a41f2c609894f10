"""The messages that every side of a row sends: the same fields, the same size, typed.

A parcel packs to 200 bytes of msgpack, the size that the figures of other systems were taken with.
"""

from __future__ import annotations

from pydantic import BaseModel

# msgpack packs small numbers into one to three bytes, those above 65,535 into five: the text is sized for
# five, so that the first parcels of a long run have a few bytes less.
_TEXT = "x" * 151


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


def parcel(number: int) -> Parcel:
    """The parcel of this number."""
    return Parcel(number=number, sender="driver", score=0.5, text=_TEXT)


def token(number: int, hops_left: int) -> Token:
    """The token of this number."""
    return Token(number=number, hops_left=hops_left, text=_TEXT)
