"""A node dies under load: its agents come back on the other one, and nothing is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import ray
from ray.cluster_utils import Cluster

import shoal
from tests.contract.board_clients import Harvest, Harvester
from tests.contract.kill_agents import Clerk, Send, Source
from tests.contract.test_board_kills import all_until, check_claims
from tests.contract.test_kills import in_order_without_repeats, read_lines
from tests.contract.waiting import eventually

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.timeout(280),
]
SENDERS, RECEIVERS, EACH = 2, 6, 500


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        ray.init(address=cluster.address, namespace="shoal", configure_logging=False, log_to_driver=False)
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()  # type: ignore[no-untyped-call]


@pytest_asyncio.fixture(loop_scope="module")
async def system(cluster: Cluster) -> AsyncIterator[Any]:
    async with shoal.start(None, stop_grace_s=0.5, spares=0) as system:
        yield system


async def hosts(system: Any) -> list[Any]:
    return list(await system._peers.ask_system("hosts"))


def written(directory: Path) -> int:
    return sum(len(read_lines(path)) for path in directory.iterdir())


async def test_the_agents_of_a_node_that_dies_under_load_come_back_on_another(
    cluster: Cluster, system: Any, tmp_path: Path
) -> None:
    doomed = cluster.add_node(num_cpus=1)
    here = ray.get_runtime_context().get_node_id()
    receivers = [
        await system.spawn(Clerk(str(tmp_path / f"clerk-{n}")), name=f"clerk-{n}") for n in range(RECEIVERS)
    ]
    sources = [await system.spawn(Source, name=f"source-{n}") for n in range(SENDERS)]
    away = [info.name for info in await hosts(system) if info.node != here]
    assert away, "Ray put all hosts on one node"
    sending = asyncio.gather(
        *(
            source.ask(Send(sender=n, to=receivers, count=EACH), timeout_s=250)
            for n, source in enumerate(sources)
        )
    )

    async def under_way() -> bool:
        return written(tmp_path) > SENDERS * EACH

    await eventually(under_way)
    cluster.remove_node(doomed, allow_graceful=False)
    assert await sending == [EACH] * SENDERS

    async def all_written() -> bool:
        paths = [tmp_path / f"clerk-{n}" for n in range(RECEIVERS)]
        return all(len(set(read_lines(path))) == SENDERS * EACH for path in paths)

    await eventually(all_written)
    for n in range(RECEIVERS):
        by_sender = in_order_without_repeats(read_lines(tmp_path / f"clerk-{n}"))
        assert by_sender == {sender: list(range(EACH)) for sender in range(SENDERS)}
    now = {info.name: info for info in await hosts(system)}
    assert {now[name].node for name in away} == {here}
    assert {now[name].generation for name in away} == {2}


async def test_items_claimed_on_a_node_that_dies_are_done_by_others_and_each_once(
    cluster: Cluster, system: Any
) -> None:
    total = 300
    board = await system.board().open()
    doomed = cluster.add_node(num_cpus=1)
    here = ray.get_runtime_context().get_node_id()
    for number in range(total):
        await board.post(f"item/{number}", number, max_attempts=1000, backoff_s=0.0)
    refs = [await system.spawn(Harvester, name=f"harvester-{n}") for n in range(4)]
    assert [info.name for info in await hosts(system) if info.node != here], "Ray put all hosts on one node"
    assert [info.node for info in await hosts(system) if info.name == "board/main"] == [here]
    harvest = [
        Harvest(client=ref.address, prefix="item/", total=total, until=time.time() + 150) for ref in refs
    ]
    harvesting = asyncio.gather(
        *(ref.ask(one, timeout_s=250) for ref, one in zip(refs, harvest, strict=True))
    )

    async def under_way() -> bool:
        return bool((await board.status()).done > total // 10)

    await eventually(under_way)
    cluster.remove_node(doomed, allow_graceful=False)
    noted = list(chain.from_iterable(await harvesting))
    status = await board.status()
    assert (status.done, status.open, status.claimed, status.dead) == (total, 0, 0, 0)
    events = [event async for event in all_until(board, status.revision)]
    check_claims(events, noted, {f"item/{number}" for number in range(total)})
