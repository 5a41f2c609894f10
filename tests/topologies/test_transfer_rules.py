"""Where a hand-over leads: pure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.topologies.errors import HandoffLoop, HandoverRefused
from shoal.topologies.transfers.rules import TransferRules, bounces, next_step, reached
from shoal.topologies.transfers.transfer import Handed, Passed, Transfer

NAMES = ("a", "b", "c", "d")


def rules(**changes: Any) -> TransferRules:
    given: dict[str, Any] = {
        "agents": NAMES, "default": None, "allowed": None, "most_transfers": 8, "most_bounces": 2, "requires": (),
    }  # fmt: skip
    return TransferRules(**(given | changes))


def walk(by: TransferRules, way: list[str]) -> tuple[list[Passed], str]:
    """The hand-overs of agents that name those of ``way`` in turn, and what ended them."""
    path: list[Passed] = []
    holder = "a"
    for to in way:
        try:
            path.append(next_step(by, holder, Transfer(to=to, goal="g", reason="r"), path))
        except (HandoffLoop, HandoverRefused) as error:
            return path, type(error).__name__
        holder = path[-1].to
    return path, ""


ways = st.lists(st.sampled_from([*NAMES, "nobody"]), max_size=60)
limits = st.tuples(st.integers(0, 12), st.integers(0, 4))


@given(ways, limits, st.sampled_from([None, *NAMES]))
def test_no_task_is_handed_over_more_often_than_the_limits_and_once_to_the_default_agent(
    way: list[str], limit: tuple[int, int], default: str | None
) -> None:
    most, back = limit
    path, _ = walk(rules(default=default, most_transfers=most, most_bounces=back), way)
    within = [step for step in path if not step.last]
    assert len(within) <= most
    assert bounces(within) <= back
    assert len(path) - len(within) <= (0 if default is None else 1)
    assert all(step.last is False for step in path[:-1])


@given(ways, limits, st.sampled_from([None, *NAMES]))
def test_a_path_is_unbroken_and_names_only_agents_of_the_team(
    way: list[str], limit: tuple[int, int], default: str | None
) -> None:
    path, _ = walk(rules(default=default, most_transfers=limit[0], most_bounces=limit[1]), way)
    assert [step.by for step in path] == ["a", *(step.to for step in path)][: len(path)]
    assert all(step.to in NAMES for step in path)
    assert all(step.note for step in path if step.to != way[path.index(step)] and path.count(step) == 1)


@given(ways)
def test_a_path_that_no_limit_stops_goes_where_the_agents_say(way: list[str]) -> None:
    known = [to for to in way if to in NAMES]
    path, ended = walk(rules(most_transfers=1000, most_bounces=1000), known)
    assert ([step.to for step in path], ended) == (known, "")


@pytest.mark.parametrize(
    ("way", "count"), [("", 0), ("b", 0), ("ba", 1), ("bab", 2), ("bca", 0), ("a", 1), ("bb", 1), ("bcb", 1)]
)
def test_a_bounce_goes_straight_back_or_to_oneself(way: str, count: int) -> None:
    path, _ = walk(rules(most_bounces=100), list(way))
    assert bounces(path) == count


def test_an_empty_field_that_is_required_is_refused_and_one_with_a_value_is_not() -> None:
    for field, value in (("tried", ("x",)), ("state", "half"), ("payload", {"a": 1})):
        wants = rules(requires=(field,))
        with pytest.raises(HandoverRefused, match=f"without {field}"):
            next_step(wants, "a", Transfer(to="b", goal="g", reason="r"), [])
        full = Transfer.model_validate({"to": "b", "goal": "g", "reason": "r", field: value})
        assert next_step(wants, "a", full, []).to == "b"


def test_what_can_be_reached_is_found_in_circles_too() -> None:
    follows = {"a": ["b"], "b": ["a", "c"], "d": ["a"]}
    assert reached("a", follows) == {"a", "b", "c"}
    assert reached("d", follows) == set(NAMES)
    assert reached("x", follows) == {"x"}


def test_a_hand_over_reads_as_text() -> None:
    first = Passed(by="a", to="b", reason="not mine")
    handed = Handed(
        task="mend it", goal="mended", reason="too hard", tried=("glue",), state="in parts", payload={"n": 2},
        path=(first, Passed(by="b", to="c", reason="too hard")),
    )  # fmt: skip
    assert str(handed).splitlines() == [
        "Task: mend it", "Goal: mended", "Handed over because: too hard", "Tried already: glue",
        "State: in parts", 'Payload: {"n":2}', "a handed it to b: not mine",
    ]  # fmt: skip
