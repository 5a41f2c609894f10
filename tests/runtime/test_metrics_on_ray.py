"""Metrics on Ray: one endpoint a node, over HTTP, on a cluster of two nodes; hosts hang and die."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio
import ray
from prometheus_client.parser import text_string_to_metric_families
from pydantic import BaseModel
from ray.cluster_utils import Cluster

import shoal
from shoal.runtime.errors import StartError
from shoal.runtime.metrics_endpoint import MetricsEndpoint

pytestmark = [pytest.mark.ray, pytest.mark.asyncio(loop_scope="module")]
WAIT_S = 60.0
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Job(BaseModel):
    text: str


class Doer(shoal.Agent):
    async def on_job(self, job: Job, ctx: shoal.Context) -> str:
        return job.text


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, namespace="shoal", configure_logging=False, log_to_driver=False)
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()  # type: ignore[no-untyped-call]


class Fleet:
    """A system with hosts on the client's node and at least two on the other one."""

    def __init__(self, system: Any, here: str) -> None:
        self.system = system
        self.here = here

    async def hosts(self) -> list[Any]:
        return list(await self.system._peers.ask_system("hosts"))

    async def away(self) -> list[Any]:
        return [info for info in await self.hosts() if info.node != self.here]

    async def endpoints(self) -> tuple[MetricsEndpoint, list[MetricsEndpoint]]:
        first, *others = await self.system.metrics_endpoints()
        return first, others

    async def fill(self) -> None:
        """Ray places hosts as it likes: start some until both nodes have enough."""
        for index in range(16):
            infos = await self.hosts()
            if sum(info.node == self.here for info in infos) >= 1 and len(await self.away()) >= 2:
                return
            ref = await self.system.spawn(Doer(), name=f"doer-{index}")
            await ref.ask(Job(text="do"))
        pytest.fail("Ray put all hosts on one node")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(cluster: Cluster) -> AsyncIterator[Fleet]:
    async with shoal.start("auto", metrics_port=0) as system:
        fleet = Fleet(system, ray.get_runtime_context().get_node_id())
        await fleet.fill()
        yield fleet


async def until(what: Callable[[], Awaitable[Any]]) -> Any:
    """What ``what`` returns, once it is true."""
    async with asyncio.timeout(WAIT_S):
        while not (found := await what()):  # noqa: ASYNC110 - another process sets no event here
            await asyncio.sleep(0.05)
        return found


async def scrape(url: str) -> Samples:
    def fetch() -> str:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return str(answer.read().decode())

    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(await asyncio.to_thread(fetch))
        for sample in family.samples
    }


def up(samples: Samples) -> dict[str, float]:
    return {
        dict(labels)["host"]: value for (name, labels), value in samples.items() if name == "shoal_host_up"
    }


@pytest.mark.slow
async def test_each_node_has_one_endpoint_that_shows_the_hosts_of_that_node(
    fleet: Fleet,
) -> None:
    client, (other,) = await until(lambda: _both(fleet))
    assert (client.node, client.host) == (fleet.here, fleet.system._host.name)
    assert other.node != fleet.here
    here, away = await scrape(client.url), await scrape(other.url)
    infos = await fleet.hosts()
    assert up(here) == {info.name: 1 for info in infos if info.node == fleet.here} | {client.host: 1}
    assert up(away) == {info.name: 1 for info in infos if info.node != fleet.here}
    for info in infos:
        labels = frozenset({"host": info.name, "role": "Doer"}.items())
        assert (here | away)["shoal_messages_handled_total", labels] == 1
        assert (here | away)["shoal_agents", labels] == 1
    assert here["shoal_link_sessions_total", frozenset({("host", client.host)})] >= len(infos)


async def _both(fleet: Fleet) -> Any:
    client, others = await fleet.endpoints()
    return (client, others) if others else None


async def test_a_host_that_hangs_is_shown_as_down_and_comes_back(fleet: Fleet) -> None:
    client, _ = await fleet.endpoints()
    hung = next(info for info in await fleet.hosts() if info.node == fleet.here)
    os.kill(hung.pid, signal.SIGSTOP)
    try:
        seen = await scrape(client.url)
    finally:
        os.kill(hung.pid, signal.SIGCONT)
    assert up(seen)[hung.name] == 0
    assert up(seen)[client.host] == 1
    assert not any(("host", hung.name) in labels for name, labels in seen if name != "shoal_host_up")

    async def back() -> bool:
        return up(await scrape(client.url))[hung.name] == 1

    await until(back)


async def test_when_the_serving_host_is_killed_another_one_of_its_node_takes_over(fleet: Fleet) -> None:
    _, (before,) = await until(lambda: _both(fleet))
    serving = next(info for info in await fleet.hosts() if info.name == before.host)
    os.kill(serving.pid, signal.SIGKILL)

    async def taken_over() -> MetricsEndpoint | None:
        _, others = await fleet.endpoints()
        return next((other for other in others if other.host != before.host), None)

    after: MetricsEndpoint = await until(taken_over)
    assert after.node == before.node
    samples = await scrape(after.url)
    assert up(samples)[after.host] == 1
    assert up(samples).get(before.host, 0) == 0


async def test_a_port_in_use_at_the_client_fails_the_start_and_keeps_nothing(
    cluster: Cluster,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"metrics_port {port} is in use"):
            await shoal.start("auto", metrics_port=port)
    system = await shoal.start("auto", metrics_port=port)
    await system.shutdown()


@pytest.mark.slow
async def test_a_host_whose_port_is_in_use_waits_for_it_and_then_serves(cluster: Cluster) -> None:
    # Both nodes are on this machine: the client has the port that the other node's host is to use too.
    async with shoal.start("auto", metrics_port=0) as first:
        port = int((await first.metrics_endpoints())[0].url.split(":")[2].split("/")[0])
    async with shoal.start("auto", metrics_port=port) as system:
        fleet = Fleet(system, ray.get_runtime_context().get_node_id())
        await fleet.fill()
        client, others = await fleet.endpoints()
        assert others == []
        assert system._metrics is not None
        await asyncio.to_thread(system._metrics.stop)
        _, (other,) = await until(lambda: _both(fleet))
        assert other.url == client.url
        assert up(await scrape(other.url))[other.host] == 1
