"""Settings of the system that an experiment says nowhere else: the rest of :class:`~shoal.runtime.config.Config`."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import ConfigDict, WithJsonSchema, WrapValidator, create_model
from pydantic_core import PydanticCustomError

from shoal.experiments.file.knowing import Like
from shoal.runtime.config import Config

_ELSEWHERE = {
    "models": "give `models` itself",
    "budget": "give `budget` itself",
    "limits": "give `limits` itself",
    "run_dir": "give `output.runs`",
    "journal": "give `output.journal`",
    "placement": "give `cluster.placement`",
    "places": "give `cluster.roles`",
    "runtime_env": "give `cluster.env`, `cluster.packages` and `cluster.exclude`",
    "seed": "give `seed` itself",
}

_fields: dict[str, Any] = {
    name: (field.annotation, copy.copy(field))
    for name, field in Config.model_fields.items()
    if name not in _ELSEWHERE
}
SystemSettings = create_model(
    "SystemSettings",
    __config__=ConfigDict(frozen=True, extra="forbid", strict=True),
    __doc__="Further settings of the system.",
    **_fields,
)


def _checked(value: Any, described: Any) -> dict[str, Any]:
    """The settings as they were given, which is what ``shoal.start`` takes."""
    given: dict[str, Any] = described(value)
    for name, instead in _ELSEWHERE.items():
        if name in given:
            raise PydanticCustomError(
                "elsewhere", "{name} is no setting here: {instead}", {"name": name, "instead": instead}
            )
    SystemSettings.model_validate(given)
    return given


if TYPE_CHECKING:
    SettingsField = dict[str, Any]
else:
    SettingsField = Annotated[
        dict[str, Any],
        WrapValidator(_checked),
        WithJsonSchema(SystemSettings.model_json_schema()),
        Like(SystemSettings),
    ]
