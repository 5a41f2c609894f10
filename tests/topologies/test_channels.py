"""Channels and turns of a mesh, without agents."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.runtime.errors import ConfigError
from shoal.topologies.errors import TurnsSpent
from shoal.topologies.peers.channels import channels_of, neighbours, reached, small_world
from shoal.topologies.peers.rounds import Ending, Round, over, sight_of
from shoal.topologies.peers.rules import Account
from shoal.topologies.peers.turns import Turns

NAMES = [chr(97 + place) for place in range(20)]


def test_the_shapes() -> None:
    assert len(channels_of("full", NAMES)) == 20 * 19
    ring = neighbours(channels_of("ring", NAMES), NAMES)
    assert ring["a"] == ("b", "t")
    assert all(len(others) == 2 for others in ring.values())
    assert channels_of("ring", ["a", "b"]) == {("a", "b"), ("b", "a")}
    assert channels_of("ring", ["a"]) == frozenset()
    assert channels_of([("a", "b")], NAMES) == {("a", "b")}


@given(st.integers(5, 20), st.just(4), st.floats(0, 1), st.integers(0, 1000))
def test_a_small_world_has_as_many_connections_as_its_ring_and_holds_together(
    count: int, near: int, astray: float, seed: int
) -> None:
    names = NAMES[:count]
    found = small_world(names, near, astray, seed)
    assert found == small_world(names, near, astray, seed), "the same each time"
    assert len(found) == count * near // 2
    assert all(len(pair) == 2 for pair in found)
    assert reached(channels_of("small_world", names, near=near, astray=astray, seed=seed), ["a"]) == set(
        names
    )


def test_a_small_world_that_nobody_is_led_astray_in_is_a_ring_and_others_have_far_ones() -> None:
    assert channels_of("small_world", NAMES, near=2, astray=0.0) == channels_of("ring", NAMES)
    assert small_world(NAMES, 4, 0.0, 1) != small_world(NAMES, 4, 0.5, 1) != small_world(NAMES, 4, 0.5, 2)


@pytest.mark.parametrize(
    ("channels", "why"),
    [
        ("star", "channels is 'star'; give 'full'"),
        (5, "channels is 5"),
        ([("a", "x")], r"the channel \('a', 'x'\) names 'x'; peers are a, b"),
        ([("a", "a")], "leads from 'a' to itself"),
        ([("a", "b"), ("a", "b")], "is given twice"),
        (["ab"], "'ab' is no pair of names"),
        ("small_world", "near is 4; each of 2 peers"),
    ],
)
def test_channels_that_cannot_be_are_refused(channels: Any, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        channels_of(channels, ["a", "b"])
    with pytest.raises(ConfigError, match="astray is 2"):
        channels_of("small_world", NAMES, astray=2)


# -- turns -------------------------------------------------------------------------------------------------


@given(st.data(), st.integers(0, 40), st.integers(1, 12))
def test_however_peers_speak_no_more_turns_are_taken_than_there_are(
    data: st.DataObject, total: int, each: int
) -> None:
    names = NAMES[:4]
    taken: dict[str, int] = {}

    def speak(left: Turns, depth: int) -> dict[str, int]:
        account = Account(left)
        for _ in range(data.draw(st.integers(0, 3))):
            to = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
            try:
                shares = account.reserve(to)
            except TurnsSpent:
                return account.taken
            for name, share in zip(to, shares, strict=True):
                taken[name] = taken.get(name, 0) + 1
                before = account.taken
                below = speak(share, depth + 1) if depth < 4 else {}
                account.taken = {one: before.get(one, 0) + below.get(one, 0) for one in {**before, **below}}
        return account.taken

    counted = speak(Turns(total, each, {}), 0)
    assert {name: count for name, count in counted.items() if count} == taken
    assert sum(taken.values()) <= total
    assert all(count <= each for count in taken.values())


@given(st.integers(0, 50), st.integers(1, 20), st.dictionaries(st.sampled_from("abc"), st.integers(0, 20)))
def test_shares_are_together_no_more_than_there_was(total: int, each: int, used: dict[str, int]) -> None:
    left = Turns(total, each, {name: min(count, each) for name, count in used.items()})
    shares = left.shares(["x", "y", "z"])
    assert sum(share.total for share in shares) == total
    for name in "abcd":
        assert sum(max(0, share.each - share.used.get(name, 0)) for share in shares) <= each - left.used.get(
            name, 0
        )


# -- rounds ------------------------------------------------------------------------------------------------


def rounds(*answers: str, done: bool = False, short: str = "") -> list[Round]:
    return [Round({"a": answer}, done, short, sight_of({"a": answer}, "")) for answer in answers]


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (rounds("1"), None),
        (rounds("1", "2"), None),
        (rounds("1", "1"), None),
        (rounds("1", "1", "1"), "converged"),
        (rounds("1", "1", "2", "1", "1"), "rounds"),
        (rounds("1", done=True), "done"),
        (rounds("1", done=True, short="no turn"), "turns"),
        (rounds("end"), "until"),
    ],
)
def test_why_a_task_is_over(seen: list[Round], reason: str | None) -> None:
    ending = Ending(5, 2, lambda answers: answers["a"] == "end")
    ended = over(ending, seen)
    assert (ended and ended[0]) == reason
    assert over(Ending(1, 2, None), rounds("1")) == ("answered", "answered by a")
    assert over(Ending(9, None, None), rounds("1", "1", "1", "1")) is None, "switched off"
