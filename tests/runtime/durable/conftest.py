"""The stores under test: each contract test runs on every one of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shoal.runtime.durable import StateStore
from tests.runtime.durable.stores import MAKERS, MakeStore


@pytest.fixture(params=list(MAKERS))
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeStore]:
    """Opens the same storage again at each call, like another process would; closes all of them at the end."""
    opened: list[StateStore] = []

    def open_again(*, window: int = 4096) -> StateStore:
        store = MAKERS[request.param](tmp_path, window)
        opened.append(store)
        return store

    yield open_again
    for store in opened:
        store.close()
