"""Types that a file writes down itself."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from shoal.experiments.teams.shapes import Shape
from shoal.experiments.teams.shaping import shape_of
from shoal.runtime.codec import decode, encode, tag_of
from tests.experiments.teams import crew


def shaped(shape: Any) -> Any:
    found = {"crew:Label": crew.Label, "crew:number": 3, "other:Label": crew.View}
    return shape_of(Shape.model_validate(shape), "output", lambda where, field: found[where])


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ("str", str),
        ("int | None", int | None),
        ("crew:Label", crew.Label),
        ("crew:Label | str", crew.Label | str),
        (["float"], list[float]),
        ({"choices": ["a", "b"]}, Literal["a", "b"]),
        ([{"choices": [1, 2]}], list[Literal[1, 2]]),
    ],
)
def test_a_shape_is_a_type(shape: Any, kind: Any) -> None:
    assert shaped(shape) == kind


def test_fields_are_a_model_that_takes_nothing_else() -> None:
    kind = shaped({"label": "str", "inner": {"x": "int"}, "note?": "str"})
    assert issubclass(kind, BaseModel)
    answer = kind(label="a", inner={"x": 1})
    assert (answer.inner.x, answer.note) == (1, None)
    with pytest.raises(ValueError, match="extra"):
        kind(label="a", inner={"x": 1}, other=3)


def test_a_message_of_such_a_type_goes_over_the_wire() -> None:
    kind = shaped({"label": "str"})
    tag, data = encode(kind(label="a"))
    assert decode(tag, data) == kind(label="a")


def test_the_same_words_for_another_class_are_another_type() -> None:
    assert shaped({"one": "crew:Label"}) is shaped({"one": "crew:Label"})
    assert shaped({"one": "crew:Label"}) is not shaped({"one": "other:Label"})


def test_the_tag_is_the_same_in_every_process() -> None:
    here = tag_of(shaped({"label": "str", "sure": "float"}))
    program = (
        "from shoal.experiments.teams.shapes import Shape\n"
        "from shoal.experiments.teams.shaping import shape_of\n"
        "from shoal.runtime.codec import tag_of\n"
        "shape = Shape.model_validate({'label': 'str', 'sure': 'float'})\n"
        "print(tag_of(shape_of(shape, '', None)))\n"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here


def test_what_is_no_type_is_refused() -> None:
    with pytest.raises(TypeError, match="crew:number is of type int, not a type"):
        shaped("crew:number")
