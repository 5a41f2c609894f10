"""What an experiment's ``cluster`` section makes of a system's settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shoal.experiments.cluster import NOT_SENT, cluster_settings, ends_with_job
from shoal.experiments.errors import BadExperiment
from shoal.experiments.file.cluster_spec import ClusterSpec
from shoal.runtime.config import Config
from shoal.runtime.place import Place

FOLDER = Path("/work/triage")


def settings(
    address: str | None, environment: dict[str, str] | None = None, **cluster: Any
) -> dict[str, Any]:
    made = cluster_settings(ClusterSpec(**cluster), FOLDER, address, environment or {})
    Config(**made)
    return made


def test_in_one_process_nothing_of_it_matters() -> None:
    assert settings("local", roles={"judge": {"gpus": 1}}, placement="spread", env=["NOT_SET"]) == {}


def test_on_ray_of_this_machine_the_folder_is_on_the_path_of_all_processes() -> None:
    assert settings(None) == {"runtime_env": {"env_vars": {"PYTHONPATH": "/work/triage"}}}
    made = settings(None, {"PYTHONPATH": "/lib/mine"})
    assert made["runtime_env"]["env_vars"]["PYTHONPATH"] == "/work/triage:/lib/mine"


@pytest.mark.parametrize(
    ("address", "environment"),
    [("auto", {}), ("10.0.0.1:6379", {}), ("ray://head:10001", {}), (None, {"RAY_ADDRESS": "10.0.0.1:6379"})],
)
def test_to_a_cluster_the_folder_is_sent_without_what_nobody_imports(
    address: str | None, environment: dict[str, str]
) -> None:
    env = settings(address, environment, exclude=["*.parquet"])["runtime_env"]
    assert env["working_dir"] == "/work/triage"
    assert env["excludes"] == [*NOT_SENT, "*.parquet"]


def test_run_directories_in_the_folder_stay_there(tmp_path: Path) -> None:
    for runs, excluded in ((tmp_path / "out" / "runs", ["/out/runs"]), (tmp_path, []), (tmp_path.parent, [])):
        env = cluster_settings(ClusterSpec(), tmp_path, "auto", {}, runs=runs)["runtime_env"]
        assert env["excludes"] == [*NOT_SENT, *excluded]


def test_packages_and_variables_are_handed_on_with_the_values_they_have_now() -> None:
    env = settings("auto", {"KEY": "k-1", "OTHER": "x"}, env=["KEY"], packages=["numpy>=2"])["runtime_env"]
    assert env["env_vars"] == {"KEY": "k-1"}
    assert env["pip"] == ["numpy>=2"]


def test_a_variable_that_is_not_set_is_named_before_anything_is_started() -> None:
    with pytest.raises(BadExperiment, match=r"cluster\.env\.1: the environment variable B is not set"):
        settings("auto", {"A": "1"}, env=["A", "B"])


def test_roles_become_places() -> None:
    roles = {"judge": {"gpus": 1, "memory": "2GiB"}, "reader-*": {"cpus": 0.5, "node": {"zone": "b"}}}
    made = settings("auto", placement="spread", roles=roles)
    assert made["placement"] == "spread"
    assert made["places"] == {
        "judge": Place(gpus=1, memory=2 * 2**30),
        "reader-*": Place(cpus=0.5, labels={"zone": "b"}),
    }


def test_runs_in_the_folder_of_a_submitted_job_are_known_to_go_with_it(tmp_path: Path) -> None:
    job = {"RAY_JOB_CONFIG_JSON_ENV_VAR": "{}"}
    assert ends_with_job(Path.cwd() / ".shoal" / "runs", job)
    assert not ends_with_job(tmp_path / "runs", job)
    assert not ends_with_job(Path.cwd() / ".shoal" / "runs", {})
