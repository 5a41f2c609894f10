from __future__ import annotations

from statistics import mean

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.bench import coral
from shoal.bench.coral import MOST_TURNS, Dialogue, continued, next_role, question, turns_of
from shoal.bench.coral_sides import coral_sides
from shoal.bench.sides import Stage
from shoal.bench.topology_rows import CORAL


def whole(number: int) -> Dialogue:
    """A dialogue from its question to its end."""
    dialogue = question(number)
    while next_role(dialogue) is not None:
        dialogue = continued(dialogue)
    return dialogue


@given(st.integers(min_value=0, max_value=10**9))
def test_turns_follow_the_order_and_end_with_the_matcher(number: int) -> None:
    asked, *said = whole(number).said
    assert asked.agent == "student"
    expected = (coral.ORDER * MOST_TURNS)[: len(said)]
    assert tuple(one.agent for one in said) == expected
    assert said[-1].agent == "matcher"
    assert [one.text for one in said if "they agree" in one.text] == ["they agree"]
    assert len(said) == turns_of(number)


@given(st.integers(min_value=0, max_value=10**9))
def test_teacher_and_student_say_about_a_kilobyte(number: int) -> None:
    lengths = [len(one.text) for one in whole(number).said[1:] if one.agent in ("teacher", "student")]
    assert all(0.8 * 1024 <= length + 1 <= 1.2 * 1024 + 2 for length in lengths)


def test_the_same_number_has_the_same_dialogue() -> None:
    assert whole(7) == whole(7)
    assert len({len(msgpack.packb(whole(number).model_dump())) for number in range(10)}) > 1


def test_after_twenty_turns_of_the_matcher_it_is_over_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coral, "_chance", lambda number, turn: 9)
    assert turns_of(1) == 3 * MOST_TURNS


def test_messages_are_one_for_each_turn_and_one_for_the_end() -> None:
    assert mean(turns_of(number) for number in range(10_000)) + 1 == pytest.approx(CORAL.messages, abs=0.1)


def test_they_agree_as_often_as_in_matrix() -> None:
    """1 time in 10 before the third turn of the matcher, 9 times in 10 from then on."""
    ends = [turns_of(number) // 3 for number in range(10_000)]
    assert ends.count(1) / len(ends) == pytest.approx(0.1, abs=0.01)
    assert ends.count(3) / sum(end >= 3 for end in ends) == pytest.approx(0.9, abs=0.01)


async def test_the_side_does_what_it_is_given_and_again() -> None:
    side = coral_sides("local")["coral"]()
    count = side.counts.least
    try:
        await side.setup(Stage())
        for _ in range(2):
            assert (await side.run(count)).done == count
    finally:
        await side.teardown()


async def test_a_side_that_was_not_set_up_is_torn_down_all_the_same() -> None:
    await coral_sides("local")["coral"]().teardown()
