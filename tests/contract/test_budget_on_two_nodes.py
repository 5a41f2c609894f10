"""64 LLM agents on two nodes of a cluster against one budget, over real HTTP: counted at the server."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray
from pydantic import BaseModel
from ray.cluster_utils import Cluster

import shoal
from shoal.errors import BudgetExceeded, HandlerError
from tests.contract.test_kills import kill, pid_of
from tests.contract.waiting import eventually
from tests.models.openai.stage import Answer, Stage

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]
CALLS = 1000
AGENTS = 64
HOSTS = 4


class Question(BaseModel):
    text: str


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    assert not ray.is_initialized()
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    try:
        cluster.add_node(num_cpus=2)
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()  # type: ignore[no-untyped-call]


async def hosts_on_both(system: shoal.System) -> list[str]:
    """Names of hosts, half of them on each node. Ray places them as it likes: the others are stopped again."""
    chosen: dict[str, list[str]] = defaultdict(list)
    for number in range(24):
        name = await system.host(f"crowd-{number}")
        hosts = await system._peers.ask_system("hosts")  # type: ignore[attr-defined]
        (node,) = [info.node for info in hosts if info.name == name]
        if len(chosen[node]) < HOSTS // 2:
            chosen[node].append(name)
        else:
            await system.stop(name, kill=True)
        if sum(map(len, chosen.values())) == HOSTS:
            return [name for names in chosen.values() for name in names]
    pytest.fail("Ray put all hosts on one node")


@pytest.mark.parametrize("kills", [0, 2])
async def test_no_more_than_the_budget_reaches_the_server(
    cluster: Cluster, tmp_path: Path, kills: int
) -> None:
    with Stage(Answer("yes")) as stage:
        model = {"base_url": stage.url, "model": "stage-1", "retry": {"attempts": 1}}
        async with shoal.start(
            cluster.address, run_dir=tmp_path, models={"m": model}, budget={"calls": CALLS}, stop_grace_s=0.5
        ) as system:
            crowds = [
                await system.spawn_many(
                    shoal.LLMAgent("m", input=Question, name="asker"),
                    AGENTS // HOSTS,
                    name="asker",
                    host=host,
                )
                for host in await hosts_on_both(system)
            ]
            went = 0

            async def ask_on(agent: shoal.Ref) -> None:
                nonlocal went
                for number in range(CALLS):
                    try:
                        await agent.ask(Question(text=str(number)), timeout_s=200)
                    except HandlerError as error:
                        if isinstance(error.cause, BudgetExceeded):
                            return
                        raise
                    went += 1

            racing = asyncio.gather(*(ask_on(agent) for crowd in crowds for agent in crowd))
            for number in range(kills):

                async def far_enough(share: float = (number + 1) / (kills + 1)) -> bool:
                    return len(stage.requests) >= share * CALLS

                await eventually(far_enough)
                kill(await pid_of(system, "limits"))
            await racing
            assert len(stage.requests) == went <= CALLS
            assert went == CALLS or kills
