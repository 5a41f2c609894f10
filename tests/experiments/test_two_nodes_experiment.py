"""The same experiment file on the local host, on Ray of this machine, on a cluster of two nodes, and as a job."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(600)]

CLUSTER = """
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
cluster.add_node(num_cpus=2, labels={"zone": "b"})
print(cluster.address, flush=True)
input()
cluster.shutdown()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter, as `shoal init` writes it."""
    made = tmp_path_factory.mktemp("experiment")
    shoal("init", str(made), cwd=made)
    return made


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[str]:
    """The address of a cluster of two nodes, the second with the label ``zone=b``."""
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as cluster:
        assert cluster.stdin is not None
        assert cluster.stdout is not None
        address = cluster.stdout.readline().strip()
        yield address
        cluster.communicate("\n", timeout=60)


def ran(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def shoal(*arguments: str, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "shoal", *arguments],
        cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def answers(path: Path) -> dict[str, Any]:
    lines = (path / "results.jsonl").read_text(encoding="utf-8").splitlines()
    return {result["task"]: result["output"] for result in map(json.loads, lines)}


def run(folder: Path, elsewhere: Path, name: str, *options: str) -> dict[str, Any]:
    """The run's answers. Started in another directory, so that code has to get there by itself."""
    shoal(
        "run", str(folder / "experiment.yaml"), "--team", "fan_out", "--name", name, "--quiet",
        "--root", str(elsewhere / "runs"), *options, cwd=elsewhere,
    )  # fmt: skip
    return answers(elsewhere / "runs" / name)


def test_one_file_gives_the_same_answers_in_one_process_on_ray_and_on_two_nodes(
    folder: Path, tmp_path: Path, two_nodes: str
) -> None:
    local = run(folder, tmp_path, "local", "--address", "local")
    assert len(local) == 75
    spread = ("--set", "cluster.placement=spread", "--set", "cluster.roles.phrases.node.zone=b")
    assert run(folder, tmp_path, "two-nodes", "--address", two_nodes, *spread) == local
    assert run(folder, tmp_path, "laptop", "--set", "cluster.address=null") == local


def test_the_same_file_runs_as_a_submitted_job(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray.dashboard.modules.job.job_head", reason="jobs need ray[default]")
    ray = Path(sys.executable).parent / "ray"
    environment = {**os.environ, "RAY_AUTH_MODE": "disabled"}
    temp = tempfile.mkdtemp(prefix="ray-")  # a short path: sockets are in it, whose names have 107 bytes
    start = [str(ray), "start", "--head", "--port=0", "--dashboard-port=8299", "--num-cpus=2", "--block"]
    head = subprocess.Popen(
        [*start, f"--temp-dir={temp}"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        submit = [
            str(ray), "job", "submit", "--address", "http://127.0.0.1:8299", "--working-dir", str(folder), "--",
            sys.executable, "-m", "shoal", "run", "experiment.yaml", "--team", "fan_out", "--name", "job", "--set",
            "cluster.address=null", "--root", str(tmp_path / "runs"),
        ]  # fmt: skip
        until = time.monotonic() + 60  # the head takes some seconds
        while (done := ran(submit, environment)).returncode:
            assert head.poll() is None, "Ray's head did not start"
            assert time.monotonic() < until, done.stdout + done.stderr
        assert len(answers(tmp_path / "runs" / "job")) == 75
    finally:
        head.terminate()
        head.wait(60)
        shutil.rmtree(temp, ignore_errors=True)
