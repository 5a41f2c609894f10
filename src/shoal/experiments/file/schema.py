"""The experiment file as JSON Schema, by which editors complete and check it while it is written.

It lets through what the file's own check lets through, so far as one schema can say that: no file that runs is marked.
"""

from __future__ import annotations

import json
from typing import Any

from shoal.experiments.file.spec import Experiment

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE = r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"
_PLAIN = {"integer", "number", "boolean"}
_NOTHING = {"type": "null"}


def experiment_schema() -> dict[str, Any]:
    """The schema of the file: the fields of ``Experiment`` with their help texts."""
    schema = _fitting(_without_noise(Experiment.model_json_schema(by_alias=True)))
    needed = schema["required"]
    schema["properties"] = {
        name: field if name in needed else _or_nothing(field) for name, field in schema["properties"].items()
    }
    one_of = [
        {"required": ["team"], "properties": {"team": {"not": _NOTHING}}},
        {"required": ["teams"], "properties": {"teams": {"type": "object", "minProperties": 1}}},
    ]
    _one_scorer(schema["$defs"]["ScorerSpec"])
    return {"$schema": _DRAFT, **schema, "title": "shoal experiment", "oneOf": one_of}


def schema_text() -> str:
    """As it is printed and written."""
    return json.dumps(experiment_schema(), indent=2, ensure_ascii=False) + "\n"


def _fitting(part: Any) -> Any:
    """What fits one of several forms may fit more of them: which is meant, the file's check finds out by itself. And a
    variable of the environment may stand for a number or a truth value."""
    if isinstance(part, list):
        return [_fitting(one) for one in part]
    if not isinstance(part, dict):
        return part
    fitting = {"anyOf" if key == "oneOf" else key: _fitting(value) for key, value in part.items()}
    if isinstance(fitting.get("discriminator"), dict):
        del fitting["discriminator"]
    if isinstance(kind := fitting.get("type"), str) and kind in _PLAIN and "const" not in fitting:
        return {**fitting, "type": [kind, "string"], "pattern": f"^{_VARIABLE}$"}
    if isinstance(pattern := fitting.get("pattern"), str) and kind == "string":
        return {**fitting, "pattern": f"{pattern}|{_VARIABLE}"}
    return fitting


def _or_nothing(field: dict[str, Any]) -> dict[str, Any]:
    """A section of which all is commented out; its help text stays where editors look for it."""
    about = {key: value for key, value in field.items() if key in ("description", "default", "examples")}
    rest = {key: value for key, value in field.items() if key not in about}
    forms = rest["anyOf"] if set(rest) == {"anyOf"} else [rest]
    return {**about, "anyOf": forms if _NOTHING in forms else [*forms, _NOTHING]}


def _one_scorer(scorer: dict[str, Any]) -> None:
    for form in scorer["anyOf"]:
        if "properties" in form:
            form.update(minProperties=1, maxProperties=1)


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
    return {
        key: value
        for key, value in rest.items()
        if (key != "default" or _says_something(value))
        and not (key in ("ge", "gt", "le") and not isinstance(value, dict))
    }


def _untitled(field: Any) -> Any:
    return (
        {key: value for key, value in field.items() if key != "title"} if isinstance(field, dict) else field
    )


def _says_something(default: Any) -> bool:
    return default is not None and default != "" and not isinstance(default, dict | list)
