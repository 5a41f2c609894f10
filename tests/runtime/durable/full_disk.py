"""Writing until there is no room left."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shoal.runtime.durable import StoreFull


def write_until_full(write: Callable[[int], object]) -> int:
    """Calls ``write`` with 0, 1, ... until it raises StoreFull: how many were acknowledged before."""
    for number in range(10_000):
        try:
            write(number)
        except StoreFull as exc:
            if "no room" not in exc.text:
                raise
            return number
    pytest.fail("there was room for everything")
