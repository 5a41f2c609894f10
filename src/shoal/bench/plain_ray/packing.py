"""Typed messages as bytes: packed by the sender, unpacked and validated by the receiver."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgpack
from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)


def pack(message: BaseModel) -> bytes:
    """One message as msgpack."""
    packed: bytes = msgpack.packb(message.model_dump())
    return packed


def unpack(kind: type[M], packed: bytes) -> M:
    """The message in ``packed``; raises ``pydantic.ValidationError`` when it is no ``kind``."""
    return kind.model_validate(msgpack.unpackb(packed))


def pack_all(messages: Iterable[BaseModel]) -> bytes:
    """Many messages as one msgpack list."""
    packed: bytes = msgpack.packb([message.model_dump() for message in messages])
    return packed


def unpack_all(kind: type[M], packed: bytes) -> list[M]:
    """The messages in ``packed``, each validated."""
    return [kind.model_validate(fields) for fields in msgpack.unpackb(packed)]
