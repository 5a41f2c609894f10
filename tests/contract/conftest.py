"""The systems the contract suite runs on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import shoal
from tests.contract.agents import Stage
from tests.contract.settings import SETTINGS
from tests.contract.stands import Stand, stand_settings

TARGETS: dict[str, dict[str, Any]] = {"local": {}, "isolated": {"isolate": True}, "ray": {}}


@pytest.fixture(scope="session")
def ray_session() -> Iterator[str]:
    """One Ray for the whole suite; its address."""
    import ray

    ray.init(
        address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False,
    )  # fmt: skip
    yield ray.get_runtime_context().gcs_address
    ray.shutdown()


async def _running(kind: str, request: pytest.FixtureRequest) -> AsyncIterator[shoal.System]:
    if kind == "ray":
        request.getfixturevalue("ray_session")
    system = await shoal.start(None if kind == "ray" else "local", **SETTINGS, **TARGETS[kind])
    yield system
    await system.shutdown()


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["local", "isolated", "ray"])
async def system(request: pytest.FixtureRequest) -> AsyncIterator[shoal.System]:
    """Every host there is: local, local with every message through the codec, and Ray."""
    async for running in _running(request.param, request):
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def ray_system(ray_session: str) -> AsyncIterator[shoal.System]:
    """A system on Ray alone, for what only processes show."""
    running = await shoal.start(None, **SETTINGS)
    yield running
    await running.shutdown()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def crowd(system: shoal.System) -> str:
    """A host that tests share, so that an agent costs no process."""
    return await system.host("crowd")


@pytest.fixture
def coded(system: shoal.System, request: pytest.FixtureRequest) -> shoal.System:
    """A system whose messages go through the codec; the plain local one hands objects over."""
    if request.node.callspec.params["system"] == "local":
        pytest.skip("the local host hands messages over as the objects they are")
    return system


_numbers = count(1)


@pytest.fixture
def fresh() -> Callable[[str], str]:
    """Names no other test uses."""
    number = next(_numbers)
    return lambda name: f"{name}-{number}"


@pytest_asyncio.fixture(loop_scope="session")
async def stage(system: shoal.System, crowd: str, fresh: Callable[[str], str]) -> shoal.Ref:
    """A stage of the test's own."""
    return await system.spawn(Stage(), name=fresh("stage"), host=crowd)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def mortal_system(
    ray_session: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[shoal.System, Path]]:
    """A system on Ray that all stands share, and its run directory: starting one takes seconds."""
    run_dir = tmp_path_factory.mktemp("stands") / "run"
    running = await shoal.start(None, **stand_settings(run_dir))
    yield running, run_dir
    await running.shutdown()


@pytest_asyncio.fixture(loop_scope="session")
async def ray_stand(mortal_system: tuple[shoal.System, Path]) -> AsyncIterator[Stand]:
    """Agents that can be killed, on Ray."""
    system, run_dir = mortal_system
    stand = Stand("ray", run_dir, shared=system, number=next(_numbers))
    await stand.open()
    yield stand
    await stand.close()


@pytest_asyncio.fixture(loop_scope="session")
async def local_stand(tmp_path: Path) -> AsyncIterator[Stand]:
    """The same in one process."""
    stand = Stand("local", tmp_path / "run")
    await stand.open()
    yield stand
    await stand.close()


@pytest.fixture(params=["local", pytest.param("ray", marks=pytest.mark.ray)])
def stand(request: pytest.FixtureRequest) -> Stand:
    """Each of them."""
    found: Stand = request.getfixturevalue(f"{request.param}_stand")
    return found
