from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shoal.experiments.scoring.spec import NAMED, ScorerSpec

SPEC = TypeAdapter(ScorerSpec)


@pytest.mark.parametrize("name", NAMED)
def test_a_scorer_without_settings_is_its_name(name: str) -> None:
    assert SPEC.validate_python(name) == SPEC.validate_python({name: {}})
    assert SPEC.validate_python(name).kind == name


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ({"regex": "a+"}, {"regex": {"pattern": "a+"}}),
        ({"choice": ["yes", "no"]}, {"choice": {"choices": ["yes", "no"]}}),
        ({"use": "judges:fair"}, {"use": {"function": "judges:fair"}}),
    ],
)
def test_the_one_setting_that_has_to_be_can_stand_for_all(short: Any, long: Any) -> None:
    spec = SPEC.validate_python(short)
    assert spec == SPEC.validate_python(long)
    assert SPEC.validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    ("given", "place", "problem"),
    [
        ("exakt", (), "there is no scorer 'exakt' to be had by its name"),
        ("use", (), "there is no scorer 'use' to be had by its name"),
        ({}, (), "give one of exact, contains, number, regex, choice, set, use; found none"),
        ({"exact": {}, "set": {}}, (), "found exact and set"),
        ({"number": {"tolerence": 1}}, ("number", "tolerence"), "Extra inputs are not permitted"),
        ({"number": {"tolerance": -1}}, ("number", "tolerance"), "greater than or equal to 0"),
        ({"regex": "a(b"}, ("regex", "pattern"), "'a(b' is no regular expression"),
        ({"regex": "a{99999999999}"}, ("regex", "pattern"), "is no regular expression"),
        ({"regex": "(" * 5000 + ")" * 5000}, ("regex", "pattern"), "is no regular expression"),
        ({"choice": []}, ("choice", "choices"), "at least 1 item"),
        ({"choice": ["a", "A"]}, ("choice",), "the choice 'A' is there twice"),
        ({"use": "judges"}, ("use", "function"), "'judges' is not 'module:function'"),
    ],
)
def test_a_wrong_scorer_is_told_with_its_place(given: Any, place: tuple[str, ...], problem: str) -> None:
    with pytest.raises(ValidationError) as refused:
        SPEC.validate_python(given)
    (error,) = refused.value.errors()
    assert error["loc"] == place
    assert problem in error["msg"]


def test_the_schema_for_editors_knows_the_short_forms() -> None:
    schema = SPEC.json_schema()
    assert {"enum": list(NAMED)} in schema["anyOf"]
    assert schema["$defs"]["RegexSpec"]["anyOf"][0]["type"] == "string"
    assert schema["$defs"]["ChoiceSpec"]["anyOf"][0]["type"] == "array"
