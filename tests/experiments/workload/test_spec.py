from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shoal.experiments.workload.spec import WorkloadSpec

SPEC = TypeAdapter(WorkloadSpec)


@pytest.mark.parametrize("short", ["tickets.jsonl", [{"text": "a"}], ["a", "b"]])
def test_the_tasks_alone_are_a_workload(short: Any) -> None:
    assert SPEC.validate_python(short) == WorkloadSpec(tasks=short)


def test_a_workload_is_read_again_as_it_was_written() -> None:
    spec = WorkloadSpec(tasks=[{"text": "a"}], input={"question": "text"}, where={"lang": ["en"]}, sample=3)
    assert SPEC.validate_json(spec.model_dump_json()) == spec


def test_an_object_of_python_is_kept_and_written_as_its_type() -> None:
    cases = (text for text in "ab")
    spec = WorkloadSpec(tasks=cases)
    assert spec.tasks is cases
    assert SPEC.dump_python(spec, mode="json")["tasks"] == "(an object of Python: generator)"


@pytest.mark.parametrize(
    ("given", "field", "problem"),
    [
        ({"tasks": 5}, "tasks", "give a file, a folder, a glob, 'module:name' or a list of cases"),
        ({"tasks": {"a": 1}}, "tasks", "give a file"),
        ({"tasks": " "}, "tasks", "it is empty"),
        ({"tasks": "a", "limit": 0}, "limit", "greater than or equal to 1"),
        ({"tasks": "a", "encoding": "utf-99"}, "encoding", "there is no encoding 'utf-99'"),
        ({"tasks": "a", "input": []}, "input", "it is empty"),
        ({"tasks": "a", "message": "Ticket"}, "message", "'Ticket' is not 'module:Type'"),
        ({"tasks": "a", "format": "xml"}, "format", "'jsonl', 'csv', 'tsv', 'parquet' or 'text'"),
        ({"tasks": "a", "anwser": "b"}, "anwser", "Extra inputs are not permitted"),
        ({}, "tasks", "Field required"),
    ],
)
def test_a_wrong_workload_is_told_with_its_field(given: Any, field: str, problem: str) -> None:
    with pytest.raises(ValidationError) as refused:
        SPEC.validate_python(given)
    (error,) = refused.value.errors()
    assert error["loc"][0] == field
    assert problem in error["msg"]


def test_the_schema_for_editors_knows_the_short_form() -> None:
    schema = SPEC.json_schema()
    assert [one.get("type") for one in schema["anyOf"]][:2] == ["string", "array"]
    long = schema["anyOf"][2]
    assert all(about.get("description") for about in long["properties"].values())
