"""Combinations of a task's traits."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import combinations

from hypothesis import strategies as st

from shoal.topologies.advice.traits import Parts, Routing, Traits

_YES_NO = (
    "context_fits", "permissions_differ", "reviewer", "accuracy_over_speed", "accountable", "debuggable",
    "fault_tolerant", "tight_budget",
)  # fmt: skip


def traits_strategy() -> st.SearchStrategy[Traits]:
    """Any traits, those at which a rule begins to hold more often."""
    return st.builds(
        Traits,
        parts=st.sampled_from(Parts),
        tools=st.sampled_from([0, 15, 16]) | st.integers(0, 10**9),
        skills=st.sampled_from([1, 2]) | st.integers(1, 10**9),
        agents=st.sampled_from([1, 5, 8, 9, 19, 20]) | st.integers(1, 10**9),
        routing=st.sampled_from(Routing),
        latency_s=st.none() | st.sampled_from([1.0, 2.0, 10.0]) | st.floats(1e-9, 1e9),
        **{name: st.booleans() for name in _YES_NO},
    )


_UNUSUAL = (
    *(("parts", parts) for parts in Parts if parts is not Parts.ONE), ("context_fits", False), ("tools", 16),
    ("skills", 2), ("agents", 9), ("agents", 20), ("routing", Routing.ON_THE_WAY), ("latency_s", 1.0),
    ("latency_s", 10.0), *((name, True) for name in _YES_NO if name != "context_fits"),
)  # fmt: skip


@cache
def all_traits() -> Sequence[Traits]:
    """Up to three unusual traits, in all combinations: every rule holds for some of them."""
    chosen = (each for count in range(4) for each in combinations(_UNUSUAL, count))
    return [
        Traits.model_validate(dict(each)) for each in chosen if len({name for name, _ in each}) == len(each)
    ]
