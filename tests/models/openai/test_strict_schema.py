"""A schema as strict mode takes it: only ever narrower, or not at all."""

from __future__ import annotations

import copy
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from shoal.models.openai.strict_schema import strict_schema


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Leaf(BaseModel):
    name: str
    title: str = "none"
    at: Colour | None = None


class Tree(BaseModel):
    kind: Literal["tree"] = "tree"
    leaves: list[Leaf] = []
    below: Tree | None = None
    score: Annotated[float, Field(ge=0, le=1)] = 0.5


def objects(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [found for part in schema for found in objects(part)]
    if not isinstance(schema, dict):
        return []
    inside = [found for part in schema.values() for found in objects(part)]
    return [schema, *inside] if schema.get("type") == "object" else inside


def test_every_object_of_a_pydantic_model_is_closed_and_wants_all_its_properties() -> None:
    schema = Tree.model_json_schema()
    before = copy.deepcopy(schema)
    strict = strict_schema(schema)
    assert strict is not None
    assert strict["type"] == "object"
    assert len(objects(strict)) == 3  # Tree twice: at the root and where it refers to itself
    for found in objects(strict):
        assert found["additionalProperties"] is False
        assert found["required"] == list(found["properties"])
    assert schema == before


def test_a_property_may_have_the_name_of_a_word() -> None:
    strict = strict_schema(Leaf.model_json_schema())
    assert strict is not None
    assert set(strict["properties"]) == {"name", "title", "at"}
    assert "default" not in strict["properties"]["title"]


class Free(BaseModel):
    counts: dict[str, int]


class Anything(BaseModel):
    value: Any


class Short(BaseModel):
    code: str = Field(max_length=3)


class Pair(BaseModel):
    both: tuple[int, str]


class Cat(BaseModel):
    is_a: Literal["cat"]


class Dog(BaseModel):
    is_a: Literal["dog"]


class Pet(BaseModel):
    pet: Cat | Dog = Field(discriminator="is_a")


@pytest.mark.parametrize("kind", [Free, Anything, Short, Pair, Pet])
def test_what_strict_mode_cannot_say_is_left_as_it_is(kind: type[BaseModel]) -> None:
    assert strict_schema(kind.model_json_schema()) is None


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object"},
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}},
        {"type": ["object", "null"], "properties": {"a": {"type": "string"}}},
        {"type": "object", "properties": {"a": True}},
        {"type": "object", "properties": {"a": {"type": "object"}}},
        {"type": "object", "properties": {"a": {"type": "string", "format": "uri"}}},
        {"type": "object", "properties": {"a": {"not": {"type": "string"}}}},
        {"type": "object", "properties": 3},
    ],
)
def test_schemas_without_a_strict_form_have_none(schema: dict[str, Any]) -> None:
    assert strict_schema(schema) is None


schemas = st.recursive(
    st.sampled_from(
        [{"type": "string"}, {"type": "integer"}, {"enum": ["a"]}, {"type": "object"}, {}, True, 3]
    ),
    lambda inner: (
        st.builds(lambda items: {"type": "array", "items": items}, inner)
        | st.builds(lambda options: {"anyOf": options}, st.lists(inner, max_size=2))
        | st.builds(
            lambda properties: {"type": "object", "properties": properties},
            st.dictionaries(st.sampled_from(["a", "b", "default"]), inner, max_size=3),
        )
    ),
    max_leaves=6,
)


@given(schemas.filter(lambda schema: isinstance(schema, dict)))
def test_a_strict_schema_is_its_own_strict_schema(schema: dict[str, Any]) -> None:
    strict = strict_schema(schema)
    if strict is not None:
        assert strict_schema(strict) == strict
        assert all(found["additionalProperties"] is False for found in objects(strict))
