"""Contradictions among answers: what is found, and what is not one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shoal.topologies.tree.contradictions import differing
from shoal.topologies.tree.parts import parts_of
from shoal.topologies.tree.summaries import BranchSummary, Gap, gaps_below, labelled
from shoal.topologies.wiring.signature import OPEN


class Shop(BaseModel):
    prices: dict[str, int] = {}
    open: bool | None = None


def test_dicts_agree_when_what_they_have_in_common_does() -> None:
    shops = {
        "a": Shop(prices={"tea": 1, "jam": 2}),
        "b": Shop(prices={"tea": 1, "oil": 4}),
        "c": Shop(prices={"jam": 3}),
    }
    (found,) = differing(shops, ["prices"])
    assert (found.about, found.values) == ("prices.jam", {"a": 2, "c": 3})
    assert differing(shops, ["prices.tea"]) == []


def test_who_says_nothing_contradicts_nobody() -> None:
    assert differing({"a": Shop(open=True), "b": Shop(), "c": 3}, ["open", "no.such.field"]) == []
    assert len(differing({"a": Shop(open=True), "b": Shop(open=False)}, ["open"])) == 1


@given(st.dictionaries(st.text(min_size=1), st.integers(0, 2), min_size=1))
def test_a_field_is_contradicted_exactly_when_two_say_something_else(said: dict[str, int]) -> None:
    found = differing({who: {"x": value} for who, value in said.items()}, ["x"])
    assert bool(found) == (len(set(said.values())) > 1)
    assert all(one.values == said for one in found)


@given(st.integers(1, 5), st.integers(1, 40))
def test_parts_are_dealt_evenly_and_each_has_a_name_of_its_own(members: int, parts: int) -> None:
    made = parts_of(list(range(parts)), {str(n): OPEN for n in range(members)}, "t")
    assert [part.message for part in made] == list(range(parts))
    assert len({part.label for part in made}) == parts
    counts = [sum(part.member == str(n) for part in made) for n in range(members)]
    assert max(counts) - min(counts) <= 1


def test_labels_come_up_with_their_path_and_each_once() -> None:
    low = BranchSummary(gaps=(Gap(branch="1", why="gone"),))
    gaps = gaps_below({"b": low, "c": 3})
    assert [gap.branch for gap in gaps] == ["b/1"]
    high = labelled(BranchSummary(gaps=tuple(gaps)), gaps, [])
    assert high.gaps == tuple(gaps)
