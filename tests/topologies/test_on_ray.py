"""Teams across processes: the same specification on Ray, a process for each agent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import pytest

import shoal
from shoal.runtime.errors import AgentStartFailed, HandlerError
from tests.topologies.crew import BadStart, Bundle, Editor, Reply, Step, Ticket, Worker, Writer

pytestmark = [pytest.mark.ray, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def ray_session() -> Iterator[None]:
    import ray

    if ray.is_initialized():
        yield
        return
    ray.init(
        address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False
    )
    yield
    ray.shutdown()


def cut(bundle: Bundle) -> list[Ticket]:
    return [Ticket(text=text) for text in bundle.texts]


def join(bundle: Bundle, replies: Sequence[Reply]) -> Reply:
    return Reply(text="+".join(reply.text for reply in replies), by="merge")


async def test_teams_nest_route_split_fail_and_stop_across_processes(ray_session: None) -> None:
    async with shoal.start(stop_grace_s=0.5) as system:
        line = shoal.pipeline(Step("a"), draft=Writer(), edit=Editor)
        team = await system.build(
            shoal.worker({"line": line, "other": Worker}, split=cut, merge=join), name="t"
        )
        answers = await asyncio.gather(*(team.ask(Bundle(texts=[str(n), "x"])) for n in range(20)))
        assert [answer.text for answer in answers] == [f"{n}+x" for n in range(20)]
        assert len(await system.health()) == len(team.agents) == 6
        await system.stop(team.members["other"])
        assert (await team.ask(Bundle(texts=["y"]))).text == "y"
        await system.stop("t/line/draft", kill=True)
        with pytest.raises(HandlerError, match="t/line/draft is stopped"):
            await team.ask(Bundle(texts=["z"]))
        await team.stop()
        assert await system.health() == []
        with pytest.raises(AgentStartFailed, match="no such luck"):
            await system.build(shoal.pipeline(Step("a"), BadStart()), name="t")
        assert await system.health() == []
        again = await system.build(shoal.pipeline(Step("a")), name="t")
        assert (await again.ask(Ticket(text=""))).steps == ["a"]
