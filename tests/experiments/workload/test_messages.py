from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, RootModel

from shoal.experiments.errors import BadExperiment, BadWorkload
from shoal.experiments.task import Task
from shoal.experiments.workload.messages import MOST_PROBLEMS, check_messages, message_kind, message_of
from shoal.experiments.workload.spec import WorkloadSpec
from shoal.topologies.wiring.signature import OPEN, Signature
from tests.experiments.workload.places import Names


class Ticket(BaseModel):
    text: str
    level: int = 0


class Question(BaseModel):
    question: str


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str


class Pair(BaseModel):
    left: int
    right: int


class Tags(RootModel[list[str]]):
    pass


def taking(*kinds: type) -> Signature:
    return Signature(dict.fromkeys(kinds))


def made(value: Any, *kinds: type, **spec: Any) -> Any:
    return message_of(value, taking(*kinds), WorkloadSpec(tasks="x", **spec))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("hi", "hi"),
        ({"any": "hi"}, "hi"),
        ({"level": 3, "text": "hi"}, "hi"),
        ({"level": 3, "question": "hi"}, "hi"),
        (5, "5"),
        ({"items": ["a", 1]}, '["a",1]'),
    ],
)
def test_a_team_that_takes_text_gets_the_text(value: Any, message: str) -> None:
    assert made(value, str) == message


@pytest.mark.parametrize("value", [{"a": "x", "b": "y"}, {"text": "x", "question": "y", "z": 1}])
def test_text_that_could_be_in_several_fields_is_asked_for(value: Any) -> None:
    with pytest.raises(BadWorkload, match=r"several fields: .* \(choose the field by workload.input\)"):
        made(value, str)


def test_a_model_is_made_of_an_object_or_of_the_one_value_it_needs() -> None:
    assert made({"text": "hi", "level": "3"}, Ticket) == Ticket(text="hi", level=3)
    assert made("hi", Ticket) == Ticket(text="hi")
    assert made(["a"], Tags) == Tags(["a"])
    with pytest.raises(BadWorkload, match="Pair has left, right: the input is not for one of them"):
        made(5, Pair)


def test_other_types_of_messages_are_made_where_they_fit() -> None:
    assert made({"n": "3"}, int) == 3
    assert made({"a": 1}, dict) == {"a": 1}
    assert made("x", dict, input="text") == {"text": "x"}
    with pytest.raises(BadWorkload, match="int: value: Input should be a valid integer"):
        made("three", int)


def test_a_team_that_takes_anything_gets_the_input_as_it_is() -> None:
    assert message_of({"a": [1]}, OPEN, WorkloadSpec(tasks="x")) == {"a": [1]}


@pytest.mark.parametrize(
    ("value", "kinds", "message"),
    [
        ("hi", (str, Question), "hi"),
        ({"question": "hi"}, (str, dict, Question), Question(question="hi")),
        ({"text": "hi", "level": 1}, (Strict, Ticket), Ticket(text="hi", level=1)),
        ({"question": "hi"}, (Ticket, Question), Question(question="hi")),
        ({"text": "hi"}, (Ticket, object), Ticket(text="hi")),
        ({"other": "hi"}, (Ticket, object), {"other": "hi"}),
    ],
)
def test_of_several_types_the_one_that_fits_best_is_taken(
    value: Any, kinds: tuple[type, ...], message: Any
) -> None:
    assert made(value, *kinds) == message


def test_the_name_of_the_input_decides_between_models() -> None:
    assert made("hi", Ticket, Question, input="question") == Question(question="hi")


def test_several_types_that_fit_alike_are_asked_about() -> None:
    with pytest.raises(BadWorkload, match=r"Ticket, Strict \(name one in workload.message\)"):
        made({"text": "hi"}, Ticket, Strict)
    spec = WorkloadSpec(tasks="x", message="cases:Strict")
    kind = message_kind(spec, taking(Ticket, Strict), Names(Strict=Strict))
    assert message_of({"text": "hi"}, taking(Ticket, Strict), spec, kind=kind) == Strict(text="hi")


@pytest.mark.parametrize(
    ("named", "problem"),
    [(Pair, "the team does not accept Pair; it accepts Ticket"), (5, "cases:Named is no message type")],
)
def test_a_message_type_that_cannot_be_sent_to_the_team_is_told(named: Any, problem: str) -> None:
    spec = WorkloadSpec(tasks="x", message="cases:Named")
    with pytest.raises(BadExperiment, match=f"workload.message: {problem}"):
        message_kind(spec, taking(Ticket), Names(Named=named))
    (found,) = check_messages([], taking(Ticket), spec, Names(Named=named))
    assert problem in str(found)


def test_a_message_type_that_is_not_there_keeps_its_field_for_the_place_in_the_file() -> None:
    spec = WorkloadSpec(tasks="x", message="cases:Nope")
    (found,) = check_messages([], taking(Ticket), spec, Names(Nope=5))
    assert (found.field, found.what) == (
        "workload.message",
        "cases:Nope is no message type: name a Pydantic model",
    )


def test_nothing_of_the_input_that_the_model_knows_is_told_though_it_would_validate() -> None:
    class Empty(BaseModel):
        pass

    with pytest.raises(BadWorkload, match="the input has no field of Empty: it has text, and Empty none"):
        made({"text": "hi"}, Empty)


def tasks(*inputs: Any) -> list[Task]:
    return [
        Task(task=f"t{number}", case=f"t{number}", input=value, source=f"t.jsonl:{number}")
        for number, value in enumerate(inputs, 1)
    ]


def test_every_task_that_is_no_message_is_told_with_its_place() -> None:
    found = check_messages(
        tasks({"text": "a"}, {"text": "b", "level": "high"}, {"text": "c", "more": 1}),
        taking(Strict),
        WorkloadSpec(tasks="x"),
        Names(),
    )
    assert [str(problem) for problem in found] == [
        "t.jsonl:2: task t2: Strict: level: Extra inputs are not permitted (found 'high') "
        "(choose or map fields by workload.input)",
        "t.jsonl:3: task t3: Strict: more: Extra inputs are not permitted (found 1) "
        "(choose or map fields by workload.input)",
    ]


def test_a_number_that_cannot_be_sent_is_told() -> None:
    (found,) = check_messages(tasks({"n": 2**70}), OPEN, WorkloadSpec(tasks="x"), Names())
    assert "task t1: message dict cannot be sent" in found.what


def test_problems_with_tasks_end_at_twenty_and_repeats_are_not_told_again() -> None:
    many = tasks(*["x"] * 50)
    assert len(check_messages(many, taking(int), WorkloadSpec(tasks="x"), Names())) == MOST_PROBLEMS
    again = [Task(task="t1#2", case="t1", repeat=2, input="x")]
    assert check_messages(again, taking(int), WorkloadSpec(tasks="x"), Names()) == []
