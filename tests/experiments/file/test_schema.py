"""The JSON Schema says what the model says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from shoal.experiments.file.environment import expand
from shoal.experiments.file.locating import Locator
from shoal.experiments.file.places import Places
from shoal.experiments.file.schema import experiment_schema
from shoal.experiments.file.spec import Experiment
from shoal.experiments.file.validating import validate
from shoal.experiments.file.yaml_tree import read_yaml
from shoal.experiments.starting.starter import starter_files
from tests.experiments.file.conftest import BASE
from tests.experiments.file.guide_parts import GUIDE_PARTS, whole
from tests.experiments.file.test_broken_files import APP

VALIDATOR = jsonschema.Draft202012Validator(experiment_schema())
ROOT = Path(__file__).resolve().parents[3]
FILES = {
    "the starter": starter_files()["experiment.yaml"],
    "the file of these tests": BASE,
    **{
        path.name: path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "examples").rglob("experiment*.yaml"))
    },
}


ROUTERS = (
    "round_robin", "least_loaded", "bandit", "capability", "a:f", "{field: x}", "{capability: a:f}",
    "{capability: {'a:T': x}}", "{bandit: {}}",
)  # fmt: skip
AGGREGATES = (
    "majority", "ranked", "concatenate", "a:f", "{majority: l}", "{majority: {field: l, more_than: 0}}",
    "{weighted: {weights: {a: 1.5}}}", "{merge: a:T}", "{merge: {schema: a:T}}", "{synthesize: a:B}",
)  # fmt: skip
SHAPES = (
    "str",
    "a:T",
    "a:T | None",
    "[str]",
    "{choices: [a, b]}",
    "{label: {choices: [a, b]}, 'note?': str}",
)


def load_text(text: str) -> Experiment:
    data = data_of(text)
    filled = expand(data, {"AMOUNT": "5", "USD": "0.5", "REPEATS": "2", "RPM": "60", "STREAM": "true"})
    return validate(filled, Locator("e.yaml", data, Places()))


def data_of(text: str) -> Any:
    return read_yaml(text, "e.yaml")[0]


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(experiment_schema())


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_what_can_be_run_fits_it(text: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(data_of(text))] == []


@pytest.mark.parametrize("part", GUIDE_PARTS.values(), ids=GUIDE_PARTS)
def test_what_the_guides_show_fits_it(part: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(data_of(whole(part)))] == []


@pytest.mark.parametrize(
    "given",
    [
        *(f"team: {{topology: worker, workers: {{a: a:B}}, router: {one}}}" for one in ROUTERS),
        *(f"team: {{topology: fan_out, members: [a:B], by: {one}}}" for one in AGGREGATES),
        *(f"team: {{topology: worker, workers: [a:B], merge: {one}}}" for one in AGGREGATES),
        *(f"team: {{llm: {{output: {one}, input: {one}}}}}" for one in SHAPES),
        *(f"team: {{use: a:B, edge: {{context: {one}}}}}" for one in ("whole", "a:T", "{summary: 500}")),
        *(f"budget: {{tokens: {one}, wall: {one}}}" for one in ("'${AMOUNT}'", "1")),
        *(
            f"{section}:"
            for section in ("models", "budget", "limits", "score", "cluster", "settings", "baseline")
        ),
        "budget: {usd: '${USD}'}",
        "repeats: '${REPEATS}'",
        "models: {m: {model: x, rates: {rpm: '${RPM}'}, stream: '${STREAM}'}}",
        "timeout_s: 1.5h",
        "limits: {rpm: 1k}",
        "score: {regex: a}",
    ],
)
def test_what_the_check_takes_fits_it(given: str) -> None:
    text = whole(given)
    assert load_text(text).name
    assert [error.message for error in VALIDATOR.iter_errors(data_of(text))] == []


@pytest.mark.parametrize(
    "wrong",
    [
        "budget: {tokens: lots}",
        "timeout_s: never",
        "timeout_s: 0",
        "score: {}",
        "limits: {rpm: 0}",
        "concurrency: 0",
        "repeats: soon",
        "xyzzy: 1",
        "repeats: 0",
        "budget: {usdd: 1}",
        "cluster: {placement: sprad}",
        "settings: {mailbox: 0}",
        "seed: x",
    ],
)
def test_what_is_wrong_does_not_fit_it(wrong: str) -> None:
    assert list(VALIDATOR.iter_errors(data_of(f"{BASE}{wrong}\n")))


def test_a_team_that_is_not_there_does_not_fit_it() -> None:
    for team in ("team:", "teams: {}", "team: a:B\nteams: {a: a:B}"):
        assert list(VALIDATOR.iter_errors(data_of(f"name: x\nworkload: w.jsonl\n{team}\n")))


def test_every_field_has_a_help_text() -> None:
    fields = experiment_schema()["properties"]
    assert set(fields) == set(Experiment.model_fields)
    assert [name for name, field in fields.items() if not field.get("description")] == []


def test_it_is_printed_and_written(folder: Path) -> None:
    printed = CliRunner().invoke(APP, ["schema"])
    assert json.loads(printed.stdout) == experiment_schema()
    assert CliRunner().invoke(APP, ["schema", "-o", "s.json"]).exit_code == 0
    assert json.loads((folder / "s.json").read_text(encoding="utf-8")) == experiment_schema()
