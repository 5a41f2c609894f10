"""Which changes wake a source."""

from __future__ import annotations

from typing import Any

import pytest

import shoal
from shoal.actors.knowledge.on_board import on_board
from shoal.actors.knowledge.trigger import Trigger, check_source
from shoal.blackboard import Field
from shoal.blackboard.operations import Delete
from shoal.errors import UnknownMessage
from tests.actors.knowledge.sources import Hypothesis, Remark, deletion_of, listener, version_of
from tests.blackboard.store.stand import Stand


def trigger(kind: Any = Any, agent: Any = None, **options: Any) -> Trigger:
    if agent is None:

        @on_board(options.pop("prefix", "h/"), **options)
        async def source(event: Any) -> None: ...

        source.function.__annotations__["event"] = shoal.Event[kind]  # type: ignore[attr-defined]
        agent = source
    (one,) = check_source("source", agent)
    return Trigger("source", "team/source", one.name, one.method, "main", one.declaration, one.kinds)


def test_it_is_woken_by_puts_under_its_prefix_whatever_their_type_when_it_names_none() -> None:
    one = trigger()
    assert one.concerns("h/1")
    assert one.concerns("h/")
    assert not one.concerns("g/1")
    for value in (1, "x", {"a": 1}, Hypothesis(), None):
        assert one.wake(version_of("h/1", value), 5.0) is not None
    assert one.wake(deletion_of("h/1"), 5.0) is None


def test_the_activation_says_who_is_woken_by_what_and_since_when() -> None:
    made = trigger(priority=4, cost=2.5, every=True).wake(version_of("h/1", 1, 12), 5.0)
    assert made is not None
    assert (made.source, made.trigger, made.region, made.key) == ("source", "source", "main", "h/1")
    assert (made.revision, made.change, made.since) == (12, "put", 5.0)
    assert (made.priority, made.cost, made.every) == (4, 2.5, True)


def test_the_same_change_makes_the_same_activation_and_another_one_another() -> None:
    one = trigger()
    ids = [
        made.id
        for key, revision in (("h/1", 1), ("h/1", 1), ("h/1", 2), ("h/2", 1))
        if (made := one.wake(version_of(key, 1, revision), 5.0))
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    ("kind", "value", "wakes"),
    [
        (Hypothesis, Hypothesis(score=1), True),
        (Hypothesis, {"score": 0.5}, True),
        (Hypothesis, {"score": "high"}, False),
        (Hypothesis, Remark(text="x"), False),
        (Hypothesis, 5, False),
        (float, 5, True),
        (float, 5.5, True),
        (int, 5.5, False),
        (dict, {"score": "high"}, True),
        (list[int], [1], True),
        (Hypothesis | str, "x", True),
        (Hypothesis | None, None, True),
        (Hypothesis | None, 5, False),
    ],
)
def test_only_values_of_its_type_wake_it(kind: Any, value: Any, wakes: bool) -> None:
    assert (trigger(kind).wake(version_of("h/1", value), 5.0) is not None) is wakes


def test_conditions_on_fields_need_no_model() -> None:
    one = trigger(when=[Field("score") >= 0.5, Field("text") == "x"])
    assert one.wake(version_of("h/1", Hypothesis(text="x", score=0.5)), 5.0)
    assert one.wake(version_of("h/1", {"text": "x", "score": 3}), 5.0)
    assert not one.wake(version_of("h/1", Hypothesis(text="x", score=0.4)), 5.0)
    assert not one.wake(version_of("h/1", 7), 5.0)
    unknown = version_of("h/1", {"score": 1})
    assert unknown.value is not None
    assert trigger(when=Field("score") == 1).wake(
        unknown._replace(value=unknown.value._replace(tag="never.loaded")), 5.0
    )


def test_a_predicate_sees_the_typed_event() -> None:
    seen: list[shoal.Event[Any]] = []

    def is_good(event: shoal.Event[Any]) -> bool:
        seen.append(event)
        assert event.value is not None
        return bool(event.value.score > 1)

    one = trigger(Hypothesis, when=is_good)
    assert not one.wake(version_of("h/1", Hypothesis(score=1), 9), 5.0)
    assert one.wake(version_of("h/1", {"score": 2}), 5.0)
    assert [event.value for event in seen] == [Hypothesis(score=1), Hypothesis(score=2)]
    assert (seen[0].key, seen[0].revision, seen[0].author) == ("h/1", 9, "somebody")


def test_a_priority_may_depend_on_the_event() -> None:
    heard = trigger(agent=listener).wake(version_of("remark/1", Remark(text="four")), 5.0)
    assert heard is not None
    assert heard.priority == len("text='four'")


def test_errors_of_predicates_and_values_of_unknown_models_are_raised_to_the_controller() -> None:
    with pytest.raises(ZeroDivisionError):
        trigger(when=lambda event: 1 / 0).wake(version_of("h/1", 1), 5.0)
    unknown = version_of("h/1", {})
    assert unknown.value is not None
    unknown = unknown._replace(value=unknown.value._replace(tag="never.loaded"))
    with pytest.raises(UnknownMessage):
        trigger(when=lambda event: True).wake(unknown, 5.0)
    assert trigger().wake(unknown, 5.0)


def test_deletions_wake_those_that_want_them() -> None:
    assert trigger(on="delete").wake(deletion_of("h/1"), 5.0)
    assert trigger(Hypothesis, on="any", when=lambda event: event.value is None).wake(deletion_of("h/1"), 5.0)
    assert not trigger(on="delete").wake(version_of("h/1", 1), 5.0)
    stand = Stand()
    stand.put("h/1")
    stand.do(Delete("h/1"))
    (gone,) = stand.store.changes(2)
    made = trigger(on="delete").wake(gone, 5.0)
    assert made is not None
    assert made.change == "delete"


def test_its_own_writes_wake_it_unless_it_says_no() -> None:
    mine, others = version_of("h/1", 1)._replace(author="team/source"), version_of("h/1", 1)
    assert trigger().wake(mine, 5.0)
    assert trigger(own=False).wake(others, 5.0)
    assert not trigger(own=False).wake(mine, 5.0)
    assert not trigger(own=False, on="any").wake(deletion_of("h/1", author="team/source"), 5.0)


def test_agendas_wake_only_those_who_ask_for_them() -> None:
    assert not trigger(prefix="").concerns("control/team/agenda/1")
    assert trigger(prefix="").concerns("controls")
    assert trigger(prefix="control/").concerns("control/team/agenda/1")
