"""Overrides put values into the data of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.experiments.errors import BadExperiment, Problem
from shoal.experiments.file.loading import load
from shoal.experiments.file.overrides import apply_override, parse_override
from tests.experiments.file.conftest import BASE


def put(data: dict[str, Any], text: str) -> Any:
    override = parse_override(text)
    assert not isinstance(override, Problem)
    applied = apply_override(data, override)
    assert not isinstance(applied, Problem), applied
    return applied[0]


@pytest.mark.parametrize(
    ("data", "text", "result"),
    [
        ({}, "budget.usd=0.5", {"budget": {"usd": 0.5}}),
        ({"budget": None}, "budget.usd=1", {"budget": {"usd": 1}}),
        ({"a": {"b": 1, "c": 2}}, "a.b=null", {"a": {"c": 2}}),
        ({"a": [1, 2]}, "a.1=5", {"a": [1, 5]}),
        ({"a": [1, 2]}, "a.2={x: [1, 2]}", {"a": [1, 2, {"x": [1, 2]}]}),
        ({"a": [1, 2]}, "a.0=null", {"a": [2]}),
        ({"a": [{"b": 1}]}, "a.0.b=x=y", {"a": [{"b": "x=y"}]}),
        ({}, "a='5'", {"a": "5"}),
        ({}, "a=", {}),
        ({"m": {"gpt-4.1": {"t": 1}}}, "m.gpt-4.1.t=0", {"m": {"gpt-4.1": {"t": 0}}}),
        ({"m": {"x": 1, "x.y": 2}}, "m.x.y=null", {"m": {"x": 1}}),
        ({"m": {}}, 'm."gpt-4.1".t=0', {"m": {"gpt-4.1": {"t": 0}}}),
        ({"m": {}}, "m.'a.b'.\"c\"=0", {"m": {"a.b": {"c": 0}}}),
        ({"m": {}}, 'm."a.b=0', {"m": {'"a': {"b": 0}}}),
    ],
)
def test_an_override_is_put_in_its_place(data: dict[str, Any], text: str, result: dict[str, Any]) -> None:
    assert put(data, text) == result


@pytest.mark.parametrize("text", ["a", "=1", "a..b=1", ".=1", "", "a=["])
def test_what_is_no_override_is_a_problem(text: str) -> None:
    assert isinstance(parse_override(text), Problem)


@pytest.mark.parametrize("text", ["a.x=1", "a.5=1", "a.-1=1", "b.c=1"])
def test_a_place_that_cannot_be_is_a_problem(text: str) -> None:
    override = parse_override(text)
    assert not isinstance(override, Problem)
    assert isinstance(apply_override({"a": [1], "b": "word"}, override), Problem)


@given(st.lists(st.from_regex(r"[a-z]{1,4}", fullmatch=True), min_size=1, max_size=4), st.integers())
def test_what_was_put_is_there_and_the_data_given_is_as_before(path: list[str], value: int) -> None:
    data: dict[str, Any] = {"zzzzz": {"kept": 1}}
    found: Any = put(data, f"{'.'.join(path)}={value}")
    assert data == {"zzzzz": {"kept": 1}}
    for part in path:
        found = found[part]
    assert found == value


def test_overrides_of_a_file_go_before_it_and_are_kept(folder: Path) -> None:
    (folder / "e.yaml").write_text(BASE, encoding="utf-8")
    sets = [
        "budget.tokens=200k",
        "team.members.third.use=agents:Keyword",
        "team.members.first=null",
        "repeats=2",
    ]
    loaded = load("e.yaml", sets)
    assert loaded.experiment.budget.tokens == 200_000
    assert list(loaded.experiment.every_team["team"].members) == ["second", "third"]
    assert loaded.experiment.repeats == 2
    assert loaded.overrides == tuple(sets)


def test_a_secret_in_an_override_is_not_repeated(folder: Path) -> None:
    (folder / "e.yaml").write_text(BASE, encoding="utf-8")
    key = "sk-proj-" + "abcdefgh12345678"
    with pytest.raises(BadExperiment) as caught:
        load("e.yaml", [f"description={key}"])
    assert key not in str(caught.value)


def test_a_model_whose_name_has_a_dot_can_be_named(folder: Path) -> None:
    (folder / "e.yaml").write_text(BASE + "models: {gpt-4.1: {model: small}}\n", encoding="utf-8")
    sets = ["models.gpt-4.1.temperature=0", 'models."gpt-4.2".model=large']
    models = load("e.yaml", sets).experiment.models
    assert (models["gpt-4.1"].temperature, models["gpt-4.2"].model) == (0, "large")
    with pytest.raises(
        BadExperiment, match=r"--set models\.gpt-4\.1\.temperature=hot: .*found 'hot'; expected"
    ):
        load("e.yaml", ["models.gpt-4.1.temperature=hot"])
