"""Scripts by name: ``Model(provider="scripted", script="package.module:name")``.

Only what the process can import anyway is looked up, and only by who writes specifications. The name may be a
:class:`ScriptedModel`, which all who name it in one process then share, or a script, of which each makes its own.
"""

from __future__ import annotations

import importlib
from difflib import get_close_matches
from typing import Any

from shoal.models.scripted.model import ScriptedModel
from shoal.models.spec import Model
from shoal.runtime.errors import ConfigError


def load_script(spec: Model) -> ScriptedModel:
    """The scripted model that a specification names. Raises :class:`ConfigError` saying what is wrong with it."""
    module_name, _, name = spec.script.partition(":")
    if not module_name or not name:
        raise ConfigError(
            f"model {spec.model!r}: script={spec.script!r} names no script; write it as 'package.module:name'"
        )
    found = _look_up(spec, module_name, name)
    if isinstance(found, ScriptedModel):
        return found
    try:
        return ScriptedModel(
            found,
            name=spec.model,
            endpoint=spec.endpoint,
            seed=spec.seed if isinstance(spec.seed, int) else 0,
        )
    except ConfigError as exc:
        raise ConfigError(f"model {spec.model!r}: script {spec.script!r}: {exc}") from exc


def _look_up(spec: Model, module_name: str, name: str) -> Any:
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as exc:  # importing runs the module: it may raise anything
        raise ConfigError(
            f"model {spec.model!r}: the module of script {spec.script!r} cannot be imported: "
            f"{type(exc).__name__}: {exc}"
        ) from exc
    for part in name.split("."):
        there, found = found, getattr(found, part, None)
        if found is None:
            near = get_close_matches(part, [one for one in dir(there) if not one.startswith("_")], n=3)
            hint = f"; near it are {', '.join(near)}" if near else ""
            raise ConfigError(
                f"model {spec.model!r}: {module_name} has no {name!r} (script {spec.script!r}){hint}"
            )
    return found
