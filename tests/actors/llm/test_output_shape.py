"""From a model's text to a typed value, or to words that the model can act on."""

from __future__ import annotations

import pickle
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from shoal.actors.llm.output_shape import NotInShape, OutputShape
from shoal.errors import ConfigError


class Label(BaseModel):
    label: Literal["billing", "login"]
    confidence: float = Field(ge=0, le=1)


GOOD = '{"label": "billing", "confidence": 0.5}'
SHAPE = OutputShape(Label)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"  {GOOD}\n",
        f"```json\n{GOOD}\n```",
        f"```\n{GOOD}\n```",
        f"Sure! Here it is:\n```json\n{GOOD}\n```\nAnything else?",
        f"The label {{as I see it}} is {GOOD} because of the charge",
    ],
)
def test_the_object_is_found_however_it_is_wrapped(text: str) -> None:
    assert SHAPE.read(text) == Label(label="billing", confidence=0.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("billing", "no JSON object"),
        ('{"label": "billing", "confidence": 0.5', "not valid JSON"),
        ('{"label": "other", "confidence": 0.5}', "label: Input should be 'billing' or 'login'"),
        ('{"label": "login", "confidence": 7}', "confidence"),
        ('{"label": "login"}', "confidence: Field required"),
        ('["billing"]', "no JSON object"),
        ("{" * 100_000, "JSON"),
        ('{"a":' * 100_000, "deep|JSON"),
    ],
)
def test_what_is_wrong_is_said_in_words(text: str, said: str) -> None:
    with pytest.raises(NotInShape, match=said):
        SHAPE.read(text)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert isinstance(SHAPE.read(text), Label)
    except NotInShape as wrong:
        said = str(wrong)
        if not said:
            raise


@pytest.mark.parametrize(
    ("output", "text", "value"),
    [
        (bool, '{"answer": true}', True),
        (int, '{"answer": 3}', 3),
        (list[str], '{"answer": ["a"]}', ["a"]),
        (Literal["yes", "no"], '{"answer": "no"}', "no"),
    ],
)
def test_plain_types_are_wrapped_in_an_object(output: Any, text: str, value: Any) -> None:
    shape = OutputShape(output)
    assert shape.schema is not None
    assert shape.schema.json_schema["type"] == "object"
    assert shape.read(text) == value


def test_text_is_taken_as_it_is() -> None:
    shape = OutputShape(str)
    assert (shape.schema, shape.in_words(), shape.read(" {x} ")) == (None, "", " {x} ")


def test_the_words_hold_the_schema() -> None:
    assert '"confidence"' in SHAPE.in_words()


def test_a_type_without_a_schema_is_refused() -> None:
    with pytest.raises(ConfigError, match="no JSON schema"):
        OutputShape(object())


def test_it_travels() -> None:
    assert pickle.loads(pickle.dumps(SHAPE)).read(GOOD).label == "billing"
