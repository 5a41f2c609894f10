"""The packer that is used again and again."""

from __future__ import annotations

import pytest

from shoal.runtime.packing import Packing


def test_a_packer_that_raised_half_way_begins_the_next_message_clean() -> None:
    packing = Packing()
    for bad in ([b"left over", object()], ["left over", 2**70], ["left over", "\udcff"]):
        with pytest.raises((TypeError, OverflowError, UnicodeEncodeError)):
            packing.pack(bad)
        assert packing.pack(1) == b"\x01"


def test_a_renewed_packer_packs_as_before() -> None:
    packing = Packing()
    before = packing.pack({"a": [1, b"b", None]})
    packing.renew()
    assert packing.pack({"a": [1, b"b", None]}) == before
