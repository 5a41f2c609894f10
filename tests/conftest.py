"""Settings that every test runs under."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

# No deadline: a shared machine's pauses are not a defect of the code under test. The same examples each time, so that
# what passed passes again; HYPOTHESIS=search looks for new ones.
settings.register_profile("shoal", deadline=None, print_blob=True, derandomize=True)
settings.register_profile("search", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS", "shoal"))

# A shell without job control starts what runs in its background with SIGINT ignored, and that is inherited: the
# commands that tests interrupt would never know.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


OWN_CLUSTER = ("test_metrics_on_ray", "test_two_nodes", "test_budget_on_two_nodes", "test_node_death")
"""Modules that start a Ray cluster of their own."""


def pytest_configure(config: pytest.Config) -> None:
    """Markers of the tests' own."""
    config.addinivalue_line("markers", "slow_on_ray: its variant on Ray is slow; the others are not")


def _is_on_ray(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    return callspec is not None and "ray" in callspec.params.values()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start a Ray cluster of their own go first: a process has one Ray at a time, the rest share theirs."""
    for item in items:
        if _is_on_ray(item):
            item.add_marker(pytest.mark.ray)  # whoever leaves out what needs Ray leaves out this variant
            if item.get_closest_marker("slow_on_ray"):
                item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: not any(module in item.nodeid for module in OWN_CLUSTER))
