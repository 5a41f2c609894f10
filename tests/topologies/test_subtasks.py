"""What is looked at in subtasks before one of them is begun."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shoal.runtime.codec import decode, encode
from shoal.topologies.errors import BadSubtasks, ContextLost
from shoal.topologies.work.subtasks import Subtask, Subtasks, parts_of
from tests.topologies.crew import Draft, Invoice, Ticket


class Report(BaseModel):
    title: str
    results: dict[str, Draft]


class TicketStep(Subtask):
    message: Ticket


class TicketPlan(Subtasks):
    subtasks: tuple[TicketStep, ...]


ANY = {"": (Ticket, Invoice, Report), "billing": (Invoice,), "numbers": (int,), "open": (object, Ticket)}


def made(*subtasks: Any, most: int = 9) -> dict[str, Any]:
    return {name: part.message for name, part in parts_of(list(subtasks), "split", ANY, most).items()}


def travelled(subtasks: Subtasks) -> Any:
    """As another process gets it."""
    return decode(*encode(subtasks))


def test_plain_messages_are_numbered() -> None:
    assert made(Ticket(text="a"), 7) == {"1": Ticket(text="a"), "2": 7}


def test_an_object_names_its_kind_and_is_that_object_again_after_it_travelled() -> None:
    plan = Subtasks(subtasks=(Subtask(id="a", message=Ticket(text="x")), Subtask(id="b", message=[1, 2])))
    assert [one.kind for one in plan.subtasks] == ["Ticket", ""]
    parts = parts_of(travelled(plan), "the decomposer", ANY, 9)
    assert parts["a"].message == Ticket(text="x")
    assert parts["b"].message == [1, 2]


def test_a_subclass_that_names_the_message_needs_no_kind() -> None:
    plan = TicketPlan.model_validate({"subtasks": [{"id": "a", "message": {"text": "x"}}]})
    assert parts_of(travelled(plan), "it", ANY, 9)["a"].message == Ticket(text="x")


def test_without_a_kind_the_only_class_of_a_capability_is_meant() -> None:
    assert made(Subtask(id="a", message={"amount": 3}, capability="billing")) == {"a": Invoice(amount=3)}


def test_a_dict_stays_one_where_a_worker_takes_anything_or_its_kind_says_so() -> None:
    assert made(Subtask(id="a", message={"x": 1}, capability="open")) == {"a": {"x": 1}}
    assert made(Subtask(id="a", message={"x": 1}, kind="dict")) == {"a": {"x": 1}}


@pytest.mark.parametrize(
    ("subtasks", "why"),
    [
        (
            [Subtask(id="a", message={})],
            r"subtask 'a' has a message without a kind; .* Invoice, Report, Ticket",
        ),
        (
            [Subtask(id="a", message={}, kind="Tikket")],
            r"subtask 'a' has kind 'Tikket'; .* Invoice, Report, Ticket",
        ),
        ([Subtask(id="a", message={"x": 1}, kind="Ticket")], r"subtask 'a': Ticket: text: Field required"),
        ([Subtask(id="a", message={}, capability="numbers")], r"the workers that may get it accept no model"),
        ([Subtask(id="a", message=1), Subtask(id="a", message=2)], "split made two subtasks with the id 'a'"),
        ([1, Subtask(id="1", message=2)], "two subtasks with the id '1'"),
        ([Subtask(id="a", message=1, needs=("b",))], "cannot be done: 'a' needs 'b', which is none of them"),
        (
            [Subtask(id="a", message=1, needs=("b",)), Subtask(id="b", message=1, needs=("a",))],
            "in a circle: a needs b needs a",
        ),
        ([Subtask(id="a", message=1, needs=("a",))], "in a circle: a needs a"),
        (list(range(10)), r"split made 10 subtasks of one task; at most 9 \(max_subtasks\)"),
        ("text", "split answered str, not Subtasks or a list of messages"),
        (None, "split answered NoneType"),
    ],
)
def test_subtasks_that_cannot_be_done_are_refused_with_the_reason(subtasks: Any, why: str) -> None:
    with pytest.raises(BadSubtasks, match=why):
        parts_of(subtasks, "split", ANY, 9)


def test_a_message_gets_the_results_of_what_it_needs_in_its_field_of_that_name() -> None:
    waiting = Subtask(id="c", message={"title": "t"}, kind="Report", needs=("a", "b"))
    begun = Subtask(id="d", message=Report(title="u", results={}), needs=("b",))
    others = [Subtask(id=one, message=1) for one in "ab"]
    parts = parts_of([*others, waiting, begun], "split", ANY, 9)
    answers = {"a": Draft(text="x"), "b": Draft(text="y")}
    assert parts["c"].given(answers) == Report(title="t", results=answers)
    assert parts["d"].given(answers) == Report(title="u", results={"b": Draft(text="y")})
    assert parts["a"].given({}) == 1


def test_a_message_without_that_field_only_waits() -> None:
    parts = parts_of([1, Subtask(id="b", message=Ticket(text="x"), needs=("1",))], "split", ANY, 9)
    assert parts["b"].given({"1": 7}) == Ticket(text="x")


def test_results_of_another_type_than_the_field_names_are_an_error_that_names_the_subtask() -> None:
    part = parts_of(
        [1, Subtask(id="b", message={"title": "t"}, kind="Report", needs=("1",))], "split", ANY, 9
    )["b"]
    with pytest.raises(ContextLost, match=r"subtask 'b': Report, with the results it needs,: results\.1"):
        part.given({"1": 7})


def test_what_is_wrong_besides_the_results_is_found_before_anything_is_begun() -> None:
    with pytest.raises(BadSubtasks, match=r"subtask 'b': Report: title: Field required"):
        made(1, Subtask(id="b", message={}, kind="Report", needs=("1",)))


_ids = st.sampled_from(["a", "b", "c"])
_data = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["text", "title", "results", "amount"]), inner)
    ),
    max_leaves=6,
)
_subtasks = st.builds(
    Subtask,
    id=_ids,
    message=_data,
    kind=st.sampled_from(["", "Ticket", "Report", "dict", "Nothing"]),
    needs=st.lists(_ids, max_size=2).map(tuple),
    capability=st.sampled_from(["", "billing", "open", "cooking"]),
)


@given(st.lists(_subtasks, max_size=4))
def test_whatever_a_model_makes_up_is_either_refused_with_a_reason_or_can_be_done(
    subtasks: list[Subtask],
) -> None:
    try:
        parts = parts_of(Subtasks(subtasks=tuple(subtasks)), "the decomposer", ANY, 3)
    except BadSubtasks:
        return
    assert list(parts) == [subtask.id for subtask in subtasks]
    for part in parts.values():
        assert set(part.needs) <= set(parts)
        assert part.kind is None or part.needs
