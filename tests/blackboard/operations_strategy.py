"""Any operation and any result there can be, for property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from shoal.blackboard.operations import (
    Claim,
    Compact,
    Compare,
    Complete,
    Delete,
    DeletePrefix,
    Diff,
    Fail,
    Get,
    GiveBack,
    Grant,
    History,
    KeepAlive,
    Operation,
    Post,
    Put,
    Range,
    Renew,
    Revoke,
    Transaction,
    Where,
)
from shoal.blackboard.results import Claimed, Decided, Difference, Differences, Found, Page, Result, Written
from shoal.blackboard.version import Item, Value, Version

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
whole = st.integers(-(2**63), 2**64 - 1)
counts = st.integers(0, 2**63 - 1)
numbers = st.floats(allow_nan=False) | st.integers(-1000, 1000)
text_lists = st.lists(texts, max_size=3).map(tuple)
values = st.builds(Value, texts, st.binary(max_size=40))
comparisons = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
natives = st.recursive(
    st.none() | st.booleans() | whole | st.floats(allow_nan=False) | texts | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
items = st.builds(
    Item,
    state=st.sampled_from(["open", "claimed", "done", "dead"]),
    priority=whole,
    tags=text_lists,
    not_before=numbers,
    depends_on=text_lists,
    max_attempts=whole,
    backoff_s=numbers,
    attempts=whole,
    token=whole,
    holder=st.none() | texts,
    lease_s=numbers,
    errors=text_lists,
    result=st.none() | values,
)


@st.composite
def versions(draw: st.DrawFn) -> Version:
    mod = draw(st.integers(1, 2**62))
    alive = draw(st.booleans())
    return Version(
        key=draw(texts),
        value=draw(values) if alive else None,
        create_revision=draw(st.integers(1, mod)) if alive else 0,
        mod_revision=mod,
        version=draw(st.integers(1, 2**62)) if alive else 0,
        author=draw(texts),
        message_id=draw(st.binary(max_size=12)),
        task=draw(st.none() | texts),
        at=draw(numbers),
        lease=draw(st.none() | texts),
        item=draw(st.none() | items),
    )


expected = st.none() | whole
puts = st.builds(Put, texts, values, expected, st.none() | texts, st.none() | numbers)
ranges = st.builds(
    Range, texts, texts, expected, whole, st.sampled_from(["key", "mod_revision", "create_revision"]), st.booleans()
)  # fmt: skip
compares = st.builds(
    Compare,
    texts,
    st.sampled_from(["value", "version", "create_revision", "mod_revision"]),
    comparisons,
    values | whole,
)
steps: Any = st.one_of(
    puts,
    ranges,
    st.builds(Delete, texts, expected),
    st.builds(DeletePrefix, texts),
    st.builds(Get, texts, expected),
    st.builds(Post, texts, values, whole, text_lists, numbers, whole, text_lists, numbers),
    st.builds(Complete, texts, whole, st.none() | values),
    st.builds(Fail, texts, whole, texts, st.booleans()),
    st.builds(GiveBack, texts, whole, numbers),
)
wheres = st.builds(Where, texts, comparisons, natives)
operations: st.SearchStrategy[Operation] = st.one_of(
    steps,
    st.builds(History, texts, whole, whole),
    st.builds(Diff, whole, whole, texts),
    st.builds(Claim, numbers, texts, text_lists, st.lists(wheres, max_size=3).map(tuple)),
    st.builds(Renew, texts, whole),
    st.builds(Grant, texts, numbers),
    st.builds(KeepAlive, texts),
    st.builds(Revoke, texts),
    st.builds(Compact, whole),
    st.builds(
        Transaction,
        st.lists(compares, max_size=3).map(tuple),
        st.lists(steps, max_size=3).map(tuple),
        st.lists(steps, max_size=3).map(tuple),
    ),
)
optional_versions = st.none() | versions()
version_lists = st.lists(versions(), max_size=3).map(tuple)
step_results: Any = st.one_of(
    st.builds(Written, counts, optional_versions, counts),
    st.builds(Found, counts, optional_versions),
    st.builds(Page, counts, version_lists, st.booleans()),
)
differences = st.builds(Difference, texts, optional_versions, optional_versions)
results: st.SearchStrategy[Result] = st.one_of(
    step_results,
    st.builds(Differences, st.lists(differences, max_size=3).map(tuple)),
    st.builds(Claimed, counts, optional_versions),
    st.builds(Decided, counts, st.booleans(), st.lists(step_results, max_size=3).map(tuple)),
)
