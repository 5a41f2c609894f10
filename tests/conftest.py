"""Settings that every test runs under."""

from __future__ import annotations

import pytest
from hypothesis import settings

# No deadline: a shared machine's pauses are not a defect of the code under test.
settings.register_profile("shoal", deadline=None, print_blob=True)
settings.load_profile("shoal")


OWN_CLUSTER = ("test_metrics_on_ray", "test_two_nodes", "test_node_death")
"""Modules that start a Ray cluster of their own."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start a Ray cluster of their own go first: a process has one Ray at a time, the rest share theirs."""
    items.sort(key=lambda item: not any(module in item.nodeid for module in OWN_CLUSTER))
