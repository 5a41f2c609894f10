"""What is a secret in an experiment file, and what only has the name of one."""

from __future__ import annotations

from typing import Any

import pytest

from shoal.experiments.errors import BadExperiment
from shoal.experiments.file.leaks import leaks_in_fields
from shoal.experiments.file.loading import load
from shoal.experiments.file.places import dotted
from shoal.experiments.file.yaml_tree import read_yaml

KEY = "sk-proj-" + "abcdefgh12345678"


def leaks(text: str) -> list[str]:
    data: Any = read_yaml(text, "e.yaml")[0]
    return [dotted(path) for path, _ in leaks_in_fields(data)]


@pytest.mark.parametrize(
    "text",
    [
        "team: {topology: worker, workers: {password: agents:Up, login: agents:Up}}",
        "teams: {api_key: agents:Up, credentials: agents:Up}",
        "team: {llm: {output: {label: str, password: str}, input: {secret: agents:T}}}",
        "team: {topology: worker, router: {capability: {'agents:T': x}}, workers: {secret: {llm: {prompt: words.md}}}}",
        "workload: {tasks: w.jsonl, where: {secret: x, password: hunter2}, input: {password: password}}",
        "workload: {tasks: [{api_key: where is it, text: a}], answer: password}",
        "team: {use: agents:Up, with: {password: agents:ask, secret: str}}",
        "models: {m: {model: x, api_key_env: MY_KEY}, password: {model: y}}",
        "models: {m: {model: x, extra_body: {password: '${PASSWORD}'}}}",
    ],
)
def test_a_name_that_is_no_field_of_a_value_is_no_secret(text: str) -> None:
    assert leaks(text) == []


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("models: {m: {model: x, api_key: abcdefg}}", "models.m.api_key"),
        (
            "models: {m: {model: x, extra_body: {user: {password: hunter2}}}}",
            "models.m.extra_body.user.password",
        ),
        ("settings: {password: hunter2}", "settings.password"),
        ("team: {use: agents:Up, with: {password: hunter2}}", "team.with.password"),
        ("baseline: {use: agents:Up, with: {a: [{password: hunter2}]}}", "baseline.with.a.0.password"),
        (
            "teams: {a: {topology: fan_out, members: [{llm: {tools: [{use: a:t, with: {password: p4ss}}]}}]}}",
            "teams.a.members.0.llm.tools.0.with.password",
        ),
    ],
)
def test_a_value_that_is_named_a_secret_is_one(text: str, field: str) -> None:
    assert leaks(text) == [field]


@pytest.mark.parametrize(
    "text",
    [
        f"workload: {{tasks: [{{text: {KEY}}}]}}",
        f"workload: {{tasks: w.jsonl, where: {{secret: {KEY}}}}}",
        f"teams: {{{KEY}: agents:Up}}",
        f"team: {{llm: {{output: {{password: {KEY}}}}}}}",
    ],
)
def test_what_looks_like_a_key_is_refused_everywhere(tmp_path: Any, text: str) -> None:
    (tmp_path / "e.yaml").write_text(f"name: x\n{text}\n", encoding="utf-8")
    with pytest.raises(BadExperiment, match=r"e\.yaml:2: this looks like a secret"):
        load(tmp_path / "e.yaml")
