"""The experiment file as JSON Schema, by which editors complete and check it while it is written."""

from __future__ import annotations

import json
from typing import Any

from shoal.experiments.file.spec import Experiment

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def experiment_schema() -> dict[str, Any]:
    """The schema of the file: the fields of ``Experiment`` with their help texts."""
    schema = Experiment.model_json_schema(by_alias=True)
    one_of = [{"required": ["team"]}, {"required": ["teams"]}]
    return {"$schema": _DRAFT, **_without_noise(schema), "title": "shoal experiment", "oneOf": one_of}


def schema_text() -> str:
    """As it is printed and written."""
    return json.dumps(experiment_schema(), indent=2, ensure_ascii=False) + "\n"


def _without_noise(part: Any) -> Any:
    """Without titles that repeat the name, and without defaults that say nothing or repeat a whole section."""
    if isinstance(part, list):
        return [_without_noise(one) for one in part]
    if not isinstance(part, dict):
        return part
    if isinstance(part.get("properties"), dict):
        named = {name: _without_noise(_untitled(one)) for name, one in part["properties"].items()}
        part = {**part, "properties": named}
    rest = {key: value if key == "properties" else _without_noise(value) for key, value in part.items()}
    return {key: value for key, value in rest.items() if key != "default" or _says_something(value)}


def _untitled(field: Any) -> Any:
    return (
        {key: value for key, value in field.items() if key != "title"} if isinstance(field, dict) else field
    )


def _says_something(default: Any) -> bool:
    return default is not None and default != "" and not isinstance(default, dict | list)
