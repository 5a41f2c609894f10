"""Agents on two nodes of a cluster: what the other tests show of two processes holds between machines too.

The nodes are two raylets on this machine, which is all that Ray tells apart: between them there is no Unix socket, so
that links go over Ray calls, and large messages go from one object store to the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import psutil
import pytest
import pytest_asyncio
import ray
from pydantic import BaseModel
from ray.cluster_utils import Cluster

import shoal
from shoal.runtime.errors import AgentStopped, HandlerError
from tests.contract.agents import Fail, Hang
from tests.contract.test_load import Item, Receiver, Send, Source, Total
from tests.contract.waiting import eventually, letters_to

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.timeout(240),
]
EACH = 500
"""Messages from each sender to each receiver."""
LARGE = 3_000_000


class Where(BaseModel):
    """Ask an agent which node it is on."""


class Fetch(BaseModel):
    """Ask an agent to get so many bytes from another; answers with how many came."""

    size: int
    other: shoal.Ref


class Count(BaseModel):
    """Ask for as many bytes."""

    size: int


class Member(shoal.Agent):
    async def on_where(self, message: Where, ctx: shoal.Context) -> str:
        node: str = ray.get_runtime_context().get_node_id()
        return node

    async def on_fetch(self, fetch: Fetch, ctx: shoal.Context) -> list[int]:
        await ctx.tell(fetch.other, bytes(fetch.size))
        return [len(await ctx.ask(fetch.other, Count(size=fetch.size))), await ctx.ask(fetch.other, b"")]

    async def on_bytes(self, data: bytes, ctx: shoal.Context) -> int:
        """Answers with the size of what came before."""
        before, self.before = getattr(self, "before", -1), len(data)
        return before

    async def on_count(self, count: Count, ctx: shoal.Context) -> bytes:
        return bytes(count.size)

    async def on_fail(self, message: Fail, ctx: shoal.Context) -> None:
        raise ValueError(message.text)

    async def on_hang(self, message: Hang, ctx: shoal.Context) -> None:
        await asyncio.Event().wait()


class Close(Member):
    """Has to be where whoever starts it is."""

    beside_parent = True


class Starter(Member):
    """Starts one that has to be beside it."""

    async def on_text(self, name: str, ctx: shoal.Context) -> str:
        where: str = await ctx.ask(await ctx.spawn(Close(), name=name), Where())
        return where


class Reader(Receiver):
    """A receiver that says where it is."""

    async def on_where(self, message: Where, ctx: shoal.Context) -> str:
        node: str = ray.get_runtime_context().get_node_id()
        return node


class Writer(Source):
    """A source that says where it is."""

    async def on_where(self, message: Where, ctx: shoal.Context) -> str:
        node: str = ray.get_runtime_context().get_node_id()
        return node


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    assert not ray.is_initialized()
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        cluster.add_node(num_cpus=1)
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()  # type: ignore[no-untyped-call]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system(cluster: Cluster) -> AsyncIterator[shoal.System]:
    async with shoal.start(cluster.address, stop_grace_s=0.5) as system:
        yield system


async def on_both(
    system: shoal.System, kind: type[shoal.Agent], name: str, count: int = 1
) -> list[list[shoal.Ref]]:
    """``count`` agents on the client's node, and as many on the other. Ray places them as it likes."""
    here = ray.get_runtime_context().get_node_id()
    near: list[shoal.Ref] = []
    far: list[shoal.Ref] = []
    for number in range(24):
        if len(near) >= count and len(far) >= count:
            return [near, far]
        ref = await system.spawn(kind(), name=f"{name}-{number}", restart="temporary")
        side = near if await ref.ask(Where()) == here else far
        if len(side) < count:
            side.append(ref)
        else:
            await system.stop(ref)
    pytest.fail("Ray put all agents on one node")


async def test_asks_tells_and_errors_go_from_node_to_node(system: shoal.System) -> None:
    [near], [far] = await on_both(system, Member, "talk")
    for one, other in ((near, far), (far, near)):
        assert await one.ask(Fetch(size=10, other=other)) == [10, 10]
        with pytest.raises(HandlerError, match="no luck"):
            await other.ask(Fail(text="no luck"))
    await far.tell(Fail(text="told"))
    (letter,) = await letters_to(system, far)
    assert letter.reason == "handler_error"
    for ref in (near, far):
        await system.stop(ref)
        with pytest.raises(AgentStopped):
            await ref.ask(Where())


async def test_large_messages_and_large_answers_go_from_node_to_node(system: shoal.System) -> None:
    [near], [far] = await on_both(system, Member, "large")
    assert system.config.by_reference_bytes < LARGE
    for one, other in ((near, far), (far, near)):
        assert await one.ask(Fetch(size=LARGE, other=other)) == [LARGE, LARGE]
    await asyncio.gather(system.stop(near), system.stop(far))


async def test_each_message_is_handled_once_and_in_its_senders_order_across_nodes(
    system: shoal.System,
) -> None:
    readers = [ref for side in await on_both(system, Reader, "reader") for ref in side]
    writers = [ref for side in await on_both(system, Writer, "writer", 2) for ref in side]
    orders = [Send(sender=n, to=readers, first=1, count=EACH) for n in range(len(writers))]
    await asyncio.gather(*(w.ask(o, timeout_s=200) for w, o in zip(writers, orders, strict=True)))
    for reader in readers:

        async def totals(reader: shoal.Ref = reader) -> list[list[int]] | None:
            last, wrong = await reader.ask(Total())
            assert wrong == []
            return last if last == [EACH] * len(writers) else None

        assert await eventually(totals)
    await asyncio.gather(*(system.stop(ref) for ref in (*readers, *writers)))
    assert [letter for letter in await system.dead_letters() if letter.tag.endswith(Item.__qualname__)] == []


async def test_a_shutdown_leaves_no_process_on_either_node(cluster: Cluster, system: shoal.System) -> None:
    async with shoal.start(cluster.address, stop_grace_s=0.5) as second:
        [near], [far] = await on_both(second, Member, "leaves")
        hanging = [asyncio.ensure_future(ref.ask(Hang(), timeout_s=200)) for ref in (near, far)]
        pids = [health["pid"] for health in await second.health()]
        assert len(pids) >= 2
    for hang in hanging:
        with pytest.raises(shoal.errors.ShoalError):
            await hang

    async def gone() -> bool:
        return not any(psutil.pid_exists(pid) for pid in pids)

    assert await eventually(gone)


async def test_what_has_to_be_beside_its_parent_is_on_its_node(system: shoal.System) -> None:
    starters = [await system.spawn(Starter(), name=f"starter-{number}") for number in range(4)]
    own = [await starter.ask(Where()) for starter in starters]
    assert len(set(own)) == 2, "Ray put them all on one node: the test shows nothing"
    assert [await starter.ask(f"close-{number}") for number, starter in enumerate(starters)] == own
