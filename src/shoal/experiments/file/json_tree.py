"""JSON as plain data, with the line of each field.

Python's own reader says what is no JSON and gives the values; where fields stand comes from the YAML reader, because
JSON, with spaces for its tabs, is YAML.
"""

from __future__ import annotations

import json
from typing import Any

from shoal.experiments.errors import Problem
from shoal.experiments.file.places import Places
from shoal.experiments.file.telling import wrong
from shoal.experiments.file.yaml_tree import read_yaml


def read_json(text: str, file: str) -> tuple[Any, Places]:
    """The data of a JSON text and where its fields stand. Raises ``BadExperiment``."""
    try:
        data = json.loads(text, parse_constant=_no_constant)
    except RecursionError as exc:
        raise wrong([Problem("nested too deep to be read", file)]) from exc
    except json.JSONDecodeError as exc:
        raise wrong([Problem(f"no JSON: {exc.msg}", file, exc.lineno)]) from exc
    except ValueError as exc:
        raise wrong([Problem(f"no JSON: {exc}", file)]) from exc
    _, places = read_yaml(text.replace("\t", " "), file)  # within a JSON string a tab is written \t
    places.plain.clear()
    return data, places


def is_json(text: str) -> bool:
    """Whether a text of another name is JSON all the same, as the copy in a run directory can be."""
    if not text.lstrip().startswith("{"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
