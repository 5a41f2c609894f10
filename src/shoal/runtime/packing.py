"""A msgpack packer that is used again and again: making one costs more than packing a small message.

A packer keeps the buffer of the largest result it ever made (after 100 MB refused as too large, 100 MB stayed
resident), so whoever packs something large calls :meth:`Packing.renew` after it. One that raised half-way is clean:
msgpack drops what it had packed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgpack

LARGE_BYTES = 4 * 1024 * 1024
"""A result over this is reason to renew the packer; a full batch is smaller."""


class Packing:
    """The packer in use. Not for several threads at once."""

    __slots__ = ("pack",)

    def __init__(self) -> None:
        self.pack: Callable[[Any], bytes] = _packer()

    def renew(self) -> None:
        """Go on with a fresh packer; the old one's buffer is freed."""
        self.pack = _packer()


def _packer() -> Callable[[Any], bytes]:
    pack: Callable[[Any], bytes] = msgpack.Packer(autoreset=True, use_bin_type=True).pack
    return pack
