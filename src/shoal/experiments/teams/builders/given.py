"""Options that a builder takes as the file has them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


def given(spec: BaseModel, *names: str) -> dict[str, Any]:
    """Those that are given: for others the builder has its own defaults."""
    return {name: getattr(spec, name) for name in names if name in spec.model_fields_set}
