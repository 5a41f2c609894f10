"""YAML and JSON as data, with the line of each field."""

from __future__ import annotations

import contextlib
import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shoal.experiments.errors import BadExperiment
from shoal.experiments.file.json_tree import read_json
from shoal.experiments.file.scalars import plain_scalar
from shoal.experiments.file.yaml_tree import read_yaml

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False)
    | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=6), inner, max_size=3)
    ),
    max_leaves=12,
)


def test_fields_have_the_lines_they_stand_on() -> None:
    data, places = read_yaml("a: 1\nb:\n  - x: 2\n    y: 3\n  - z\nc: {d: 4,\n  e: 5}\n", "f.yaml")
    assert data == {"a": 1, "b": [{"x": 2, "y": 3}, "z"], "c": {"d": 4, "e": 5}}
    lines = {("a",): 1, ("b",): 2, ("b", 0): 3, ("b", 0, "y"): 4, ("b", 1): 5, ("c", "d"): 6, ("c", "e"): 7}
    assert {path: places.line(path) for path in lines} == lines


def test_what_is_not_there_has_the_line_of_what_it_would_be_in() -> None:
    _, places = read_yaml("a: 1\nb:\n  c: 2\n", "f.yaml")
    assert places.line(("b", "missing")) == 2
    assert places.line(("missing",)) == 1


def test_an_alias_is_the_value_again_and_what_is_written_goes_before_what_is_merged() -> None:
    data, places = read_yaml("base: &b {x: 1, y: 2}\none: *b\ntwo:\n  <<: *b\n  y: 3\n", "f.yaml")
    assert data["one"] == {"x": 1, "y": 2}
    assert data["two"] == {"y": 3, "x": 1}
    assert places.line(("two", "y")) == 5
    assert places.line(("two", "x")) == 1


def test_words_are_what_yaml_1_2_says_they_are() -> None:
    words = {
        "yes": "yes",
        "no": "no",
        "on": "on",
        "1:30": "1:30",
        "2024-01-01": "2024-01-01",
        "0o17": 15,
        "010": 10,
    }
    words |= {"1e3": 1000.0, ".5": 0.5, "0x1F": 31, "true": True, "~": None, "": None, "1_000": "1_000"}
    assert {word: plain_scalar(word) for word in words} == words


def test_a_word_in_quotation_marks_is_text() -> None:
    assert read_yaml("a: '5'\nb: \"true\"\nc: |\n  5\n", "f.yaml")[0] == {"a": "5", "b": "true", "c": "5\n"}


@given(VALUES)
def test_json_reads_as_json_whatever_is_in_it(value: object) -> None:
    text = json.dumps({"value": value}, indent="\t")
    if "Infinity" not in text:
        assert read_json(text, "f.json")[0] == {"value": value}


@given(st.dictionaries(st.text(min_size=1, max_size=6), VALUES, max_size=4))
def test_what_pyyaml_writes_is_read_back(value: dict[str, object]) -> None:
    text = yaml.safe_dump(value, default_style='"', allow_unicode=False)
    read, places = read_yaml(text, "f.yaml")
    assert read == value
    assert all(places.line((key,)) >= 1 for key in value)


@given(st.text(max_size=200))
def test_any_text_is_read_or_is_a_problem(text: str) -> None:
    for read in (read_yaml, read_json):
        with contextlib.suppress(BadExperiment):
            read(text, "f")


@pytest.mark.parametrize(
    ("text", "said"), [("{", "no JSON"), ('{"a": NaN}', "NaN"), ('{"a": 1, "a": 2}', "twice")]
)
def test_what_is_no_json_is_a_problem(text: str, said: str) -> None:
    with pytest.raises(BadExperiment, match=said):
        read_json(text, "f.json")
