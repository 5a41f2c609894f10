from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shoal.blackboard.store.deadlines import Deadlines

NAMES = st.sampled_from("abcd")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), NAMES, st.integers(0, 9)),
        st.tuples(st.just("discard"), NAMES, st.just(0)),
        st.tuples(st.just("take"), st.just(""), st.integers(0, 9)),
    ),
    max_size=60,
)


@given(STEPS)
def test_the_next_deadline_is_the_earliest_whatever_was_moved_or_dropped(
    steps: list[tuple[str, str, int]],
) -> None:
    deadlines, model = Deadlines(), dict[str, float]()
    for what, name, time in steps:
        if what == "set":
            deadlines.set(name, time)
            model[name] = time
        elif what == "discard":
            deadlines.discard(name)
            model.pop(name, None)
        else:
            due = sorted((at, name) for name, at in model.items() if at <= time)
            assert deadlines.take(time) == [name for _, name in due]
            for _, taken in due:
                del model[taken]
        assert deadlines.next() == min(model.values(), default=None)
        assert {name: deadlines.get(name) for name in "abcd" if name in deadlines} == model
        assert len(deadlines) == len(model)


def test_what_is_due_at_a_time_is_taken_earliest_first() -> None:
    deadlines = Deadlines()
    for name, time in (("c", 3.0), ("a", 1.0), ("b", 2.0), ("later", 3.5)):
        deadlines.set(name, time)
    assert deadlines.take(3.0) == ["a", "b", "c"]
    assert deadlines.take(3.0) == []
    assert deadlines.next() == 3.5


def test_names_that_came_and_went_leave_nothing_behind() -> None:
    deadlines = Deadlines()
    deadlines.set("kept", 5.0)
    for n in range(10_000):
        deadlines.set(f"gone {n}", 1_000_000.0)
        deadlines.discard(f"gone {n}")
    assert len(deadlines._heap) < 200
    assert len(deadlines._queued) < 200
    assert deadlines.next() == 5.0


def test_a_deadline_that_moves_back_all_the_time_leaves_nothing_behind() -> None:
    deadlines = Deadlines()
    for n in range(10_000):
        deadlines.set("renewed", float(n))
    assert len(deadlines._heap) == 1
    assert deadlines.next() == 9_999.0
