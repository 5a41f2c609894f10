"""What an experiment's ``cluster`` section means for the system that is started: where, and with what.

On Ray of this machine the experiment's folder is put on the path of the agents' processes. To a cluster it is sent,
with Ray's runtime environment: nodes need nothing but shoal and the packages that are named.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shoal.experiments.errors import Problem, bad_experiment
from shoal.experiments.file.cluster_spec import ClusterSpec, RoleResources
from shoal.runtime.place import Place

NOT_SENT = (".git", ".shoal", ".venv", "**/__pycache__", "**/*.pyc")
"""Of the folder, unless ``exclude`` names them anyway: what no agent imports."""
_PATH = "PYTHONPATH"
_IN_JOB = "RAY_JOB_CONFIG_JSON_ENV_VAR"
"""Ray sets it in a program that was submitted to a cluster (``ray job submit``)."""


def ends_with_job(root: Path, environment: Mapping[str, str] | None = None) -> bool:
    """Whether what is kept there goes with the submitted job that this program is: its folder is a temporary one."""
    environment = os.environ if environment is None else environment
    return _IN_JOB in environment and root.resolve().is_relative_to(Path.cwd().resolve())


def cluster_settings(
    cluster: ClusterSpec,
    folder: Path,
    address: str | None,
    environment: Mapping[str, str] | None = None,
    *,
    runs: Path | None = None,
) -> dict[str, Any]:
    """Settings for ``shoal.start(address, ...)``. ``runs``: where run directories are, which no agent needs.

    Raises :class:`BadExperiment` for a variable that is not set.
    """
    if address == "local":
        return {}
    environment = os.environ if environment is None else environment
    settings: dict[str, Any] = {
        "placement": cluster.placement,
        "places": {name: _place(role) for name, role in cluster.roles.items()},
        "runtime_env": _runtime_env(cluster, folder, address, environment, runs),
    }
    return {name: value for name, value in settings.items() if value and value != "default"}


def _runtime_env(
    cluster: ClusterSpec,
    folder: Path,
    address: str | None,
    environment: Mapping[str, str],
    runs: Path | None,
) -> dict[str, Any]:
    variables = _handed_on(cluster.env, environment)
    if address is None and "RAY_ADDRESS" not in environment:
        variables[_PATH] = os.pathsep.join(filter(None, [str(folder), environment.get(_PATH)]))
        env: dict[str, Any] = {}
    else:
        excludes = [*NOT_SENT, *_within(folder, runs), *cluster.exclude]
        env = {"working_dir": str(folder), "excludes": excludes}
    if cluster.packages:
        env["pip"] = list(cluster.packages)
    if variables:
        env["env_vars"] = variables
    return env


def _within(folder: Path, runs: Path | None) -> list[str]:
    """The directory of runs as Ray excludes it, where it is in the folder: a resumed run would send its own journal."""
    if runs is None:
        return []
    folder, runs = folder.resolve(), runs.resolve()
    return (
        [f"/{runs.relative_to(folder).as_posix()}"] if runs != folder and runs.is_relative_to(folder) else []
    )


def _handed_on(names: list[str], environment: Mapping[str, str]) -> dict[str, str]:
    missing = [name for name in names if name not in environment]
    if missing:
        raise bad_experiment(
            Problem(
                f"the environment variable {name} is not set, and is to be handed on",
                field=f"cluster.env.{names.index(name)}",
                remedy="set it, or take it out",
            )
            for name in missing
        )
    return {name: environment[name] for name in names}


def _place(role: RoleResources) -> Place:
    return Place(
        cpus=role.cpus or 0.0,
        gpus=role.gpus or 0.0,
        memory=int(role.memory) if role.memory else None,
        resources=dict(role.resources),
        labels=dict(role.node),
    )
