from __future__ import annotations

import asyncio
import json
import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

import shoal
from shoal.runtime.metrics_endpoint import MetricsEndpoint
from shoal.runtime.metrics_targets import TargetsFile, scrape_config, targets, targets_file

LIMIT_S = 10.0


def read(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_text())) if path.exists() else []


def left(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def written(path: Path, wanted: int) -> list[dict[str, Any]]:
    """The file, as soon as it has so many targets."""
    async with asyncio.timeout(LIMIT_S):
        while len(found := read(path)) != wanted:  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.01)
    return found


def test_each_node_is_one_target_that_prometheus_tells_apart_by_run_and_node() -> None:
    endpoints = [
        MetricsEndpoint("http://10.0.0.1:9464/metrics", "n1", "client"),
        MetricsEndpoint("http://10.0.0.2:9464/metrics", "n2", "judge"),
    ]
    assert targets(endpoints, "triage") == [
        {"targets": ["10.0.0.1:9464"], "labels": {"run": "triage", "node": "n1"}},
        {"targets": ["10.0.0.2:9464"], "labels": {"run": "triage", "node": "n2"}},
    ]


async def test_a_running_system_says_where_it_can_be_scraped_and_takes_that_back_when_it_ends(
    tmp_path: Path,
) -> None:
    async with shoal.start("local", run="triage", runs_root=tmp_path, metrics_port=0):
        path = targets_file(tmp_path, "triage")
        (found,) = await written(path, 1)
        url = f"http://{found['targets'][0]}/metrics"
        text = (await asyncio.to_thread(urllib.request.urlopen, url)).read().decode()
        assert found["labels"]["run"] == "triage"
        assert "shoal_host_up" in text
    assert not path.exists()


async def test_a_system_without_metrics_writes_no_targets(tmp_path: Path) -> None:
    async with shoal.start("local", run="triage", runs_root=tmp_path):
        path = targets_file(tmp_path, "triage")
    assert not path.exists()


def test_one_pattern_finds_the_targets_of_every_run(tmp_path: Path) -> None:
    (job,) = yaml.safe_load(scrape_config(tmp_path))["scrape_configs"]
    (pattern,) = job["file_sd_configs"][0]["files"]
    assert targets_file(tmp_path, "a:b").match(pattern)
    # What Prometheus allows of a pattern: one * and in the last part only.
    assert re.fullmatch(r"[^*]*(\*[^/]*)?\.json", pattern)


async def test_a_node_that_comes_later_is_told_and_a_failed_look_is_not_the_end(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("shoal.runtime.metrics_targets._LOOK_S", 0.001)
    known: list[MetricsEndpoint | None] = [MetricsEndpoint("http://a:1/metrics", "n1", "client"), None]

    async def endpoints() -> list[MetricsEndpoint]:
        if None in known:
            known.remove(None)
            raise shoal.errors.SystemClosed("not now")
        return [one for one in known if one is not None]

    file = TargetsFile(tmp_path, "r", endpoints)
    file.start()
    await written(targets_file(tmp_path, "r"), 1)
    known.append(MetricsEndpoint("http://b:1/metrics", "n2", "judge"))
    await written(targets_file(tmp_path, "r"), 2)
    await file.stop()
    assert left(tmp_path / "metrics-targets") == []


async def test_an_endpoint_that_listens_everywhere_is_known_by_the_machine_and_answers_to_any_name(
    tmp_path: Path,
) -> None:
    async with shoal.start("local", metrics_port=0, metrics_host="0.0.0.0") as system:
        (endpoint,) = await system.metrics_endpoints()
        assert "0.0.0.0" not in endpoint.url
        port = endpoint.url.rpartition(":")[2]
        request = urllib.request.Request(f"http://127.0.0.1:{port}", headers={"Host": "node-7.cluster"})
        assert (await asyncio.to_thread(urllib.request.urlopen, request)).status == 200


async def test_an_address_that_the_machine_does_not_have_is_named() -> None:
    with pytest.raises(shoal.errors.StartError, match=r"metrics_host 203\.0\.113\.7"):
        await shoal.start("local", metrics_port=0, metrics_host="203.0.113.7")
