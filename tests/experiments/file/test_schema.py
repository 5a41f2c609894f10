"""The JSON Schema says what the model says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from shoal.experiments.file.schema import experiment_schema
from shoal.experiments.file.spec import Experiment
from shoal.experiments.file.yaml_tree import read_yaml
from shoal.experiments.starting.starter import starter_files
from tests.experiments.file.conftest import BASE
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


def data_of(text: str) -> Any:
    return read_yaml(text, "e.yaml")[0]


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(experiment_schema())


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_what_can_be_run_fits_it(text: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(data_of(text))] == []


@pytest.mark.parametrize(
    "wrong",
    [
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


def test_every_field_has_a_help_text() -> None:
    fields = experiment_schema()["properties"]
    assert set(fields) == set(Experiment.model_fields)
    assert [name for name, field in fields.items() if not field.get("description")] == []


def test_it_is_printed_and_written(folder: Path) -> None:
    printed = CliRunner().invoke(APP, ["schema"])
    assert json.loads(printed.stdout) == experiment_schema()
    assert CliRunner().invoke(APP, ["schema", "-o", "s.json"]).exit_code == 0
    assert json.loads((folder / "s.json").read_text(encoding="utf-8")) == experiment_schema()
