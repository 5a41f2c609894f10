"""Numbers without end, which YAML can write (``.inf``, ``.nan``) and no limit, price or duration can be. Pure."""

from __future__ import annotations

import math
from typing import Any

from shoal.experiments.file.places import Path

_OTHERS = frozenset({"workload", "with", "extra_body"})
"""Fields that hold what is for the team, for code of the user's own, or for an endpoint."""


def endless_number(data: Any, path: Path = ()) -> tuple[Path, float] | None:
    """The first one, and where it is; ``None``: there is none."""
    if isinstance(data, float):
        return None if math.isfinite(data) else (path, data)
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inside:
        if key not in _OTHERS and (found := endless_number(value, (*path, key))) is not None:
            return found
    return None
