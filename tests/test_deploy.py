"""What deploy/ starts: runs lie where all pods see them, and an experiment comes with its folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).parents[1] / "deploy"


def pods(name: str) -> list[Any]:
    """The pods of a manifest: the head's first."""
    spec = yaml.safe_load((DEPLOY / "kuberay" / name).read_text())["spec"]
    cluster = spec.get("rayClusterSpec", spec)
    return [group["template"]["spec"] for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"])]


@pytest.mark.parametrize("name", ["rayjob.yaml", "raycluster.yaml"])
def test_each_pod_says_where_runs_are_and_has_the_volume_there(name: str) -> None:
    for pod in pods(name):
        (container,) = pod["containers"]
        environment = {one["name"]: one["value"] for one in container["env"]}
        mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
        assert mounts["runs"] == environment["SHOAL_RUNS"]
        assert mounts.keys() <= {volume["name"] for volume in pod["volumes"]}


def test_a_jobs_experiment_is_unpacked_where_it_is_run() -> None:
    job = yaml.safe_load((DEPLOY / "kuberay" / "rayjob.yaml").read_text())
    for pod in pods("rayjob.yaml"):
        (unpack,) = pod["initContainers"]
        places = {one["name"]: one["mountPath"] for one in unpack["volumeMounts"]}
        assert unpack["command"][-1] == places["experiment"]
        assert f"{places['packed']}/experiment.tgz" in unpack["command"]
        (container,) = pod["containers"]
        mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
        assert f"{mounts['experiment']}/experiment.yaml" in job["spec"]["entrypoint"]
        assert places.keys() <= {volume["name"] for volume in pod["volumes"]}
