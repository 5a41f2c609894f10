"""Joining a cluster that runs, by each of its addresses; and what cannot be joined ends in a ``StartError``.

Programs of their own do it, which come as somebody else. One tries everything, one after the other: starting one costs
more than what it tries. What is kept for a process, the token of a cluster, takes another.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.contract.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.ray, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
Attempt = tuple[str | None, dict[str, str]]
"""What is given to ``start``, and what is in the environment then."""

PROGRAM = """
import asyncio, json, os, sys, ray
import shoal

async def shout(text: str) -> str:
    return text.upper()

async def main():
    asking = True
    for target, environment in json.loads(sys.argv[1]):
        os.environ.pop("RAY_ADDRESS", None)
        os.environ.update(environment)
        try:
            async with shoal.start(target, spares=0) as system:
                if asking:
                    asking = await (await system.spawn(shout, name="shout")).ask("hello") != "HELLO"
                print("joined" if not asking else "odd", ray.get_runtime_context().gcs_address, flush=True)
        except shoal.errors.StartError as error:
            print("StartError:", error, flush=True)

asyncio.run(main())
"""


async def run(*attempts: Attempt, **environment: str) -> tuple[list[str], str]:
    """What the program prints, a line for each attempt, and its stderr. Nothing of this Ray is in its environment."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, json.dumps(attempts), cwd=ROOT, env={**own, **environment},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(100):
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode().splitlines(), errors.decode()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Tried:
    """What one program heard: from what it cannot join, then from the cluster, then from others once it has joined."""

    def __init__(self, cluster: str) -> None:
        import ray

        (node,) = ray.nodes()  # type: ignore[no-untyped-call]
        port = cluster.rpartition(":")[2]
        self.cluster = cluster
        self.nobody = f"127.0.0.1:{free_port()}"
        self.raylet = f"{node['NodeManagerAddress']}:{node['NodeManagerPort']}"
        self.attempts: dict[str, Attempt] = {
            "nobody": (self.nobody, {}),
            "nobody in the environment": (None, {"RAY_ADDRESS": self.nobody}),
            "raylet": (self.raylet, {}),
            "no client server": (f"ray://{cluster}", {}),
            "in the environment": (None, {"RAY_ADDRESS": cluster}),
            "loopback": (f"127.0.0.1:{port}", {}),
            "its own": (cluster, {}),
            "by name": (f"localhost:{port}", {}),
            "auto": ("auto", {}),
            "no address": (None, {}),
            "nobody any more": (self.nobody, {}),
            "no client server any more": (f"ray://{cluster}", {}),
        }
        self.lines: dict[str, str] = {}
        self.errors = ""

    async def run(self) -> None:
        lines, self.errors = await run(*self.attempts.values())
        self.lines = dict(zip(self.attempts, lines, strict=True))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tried(ray_session: str) -> Tried:
    """All attempts."""
    tried = Tried(ray_session)
    await tried.run()
    return tried


@pytest.mark.parametrize(
    "attempt", ["loopback", "its own", "by name", "auto", "no address", "in the environment"]
)
async def test_a_cluster_is_joined_by_each_of_its_addresses_also_a_second_time(
    tried: Tried, attempt: str
) -> None:
    assert tried.lines[attempt] == f"joined {tried.cluster}", tried.errors


async def test_a_process_that_has_joined_one_cluster_is_refused_another(tried: Tried) -> None:
    assert "refused" in tried.lines["nobody any more"]
    again = tried.lines["no client server any more"]
    assert f"connected to the Ray cluster at {tried.cluster} already" in again


async def test_an_address_where_no_ray_listens_is_a_start_error_that_says_what_to_do(tried: Tried) -> None:
    line = tried.lines["nobody"]
    assert line.startswith(f"StartError: no Ray cluster can be reached at {tried.nobody!r}")
    assert "ray start --head" in line
    assert "RAY_ADDRESS" in tried.lines["nobody in the environment"]


async def test_a_port_of_ray_that_is_not_the_clusters_is_a_start_error(tried: Tried) -> None:
    begins = f"StartError: what listens at {tried.raylet!r} is not the port of a Ray cluster"
    assert tried.lines["raylet"].startswith(begins)


async def test_rays_client_is_not_sent_to_the_port_of_the_cluster(tried: Tried) -> None:
    line = tried.lines["no client server"]
    assert line.startswith("StartError")
    assert any(word in line for word in ("pip install 'shoal[client]'", "is not Ray's client server"))


async def test_nothing_but_the_errors_is_said(tried: Tried) -> None:
    assert "Traceback" not in tried.errors
    assert "rror" not in tried.errors


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"RAY_AUTH_MODE": "disabled"}, "asks for a token: set RAY_AUTH_MODE=token"),
        ({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}, "does not accept the token of this process"),
    ],
    ids=["without a token", "with a wrong token"],
)
async def test_a_cluster_that_wants_another_token_says_so_at_once(
    ray_session: str, environment: dict[str, str], words: str
) -> None:
    if os.environ.get("RAY_AUTH_MODE") != "token":
        pytest.skip("this Ray does not protect the clusters that it starts")
    (line,), errors = await run((ray_session, {}), **environment)
    assert line.startswith("StartError")
    assert words in line
    assert errors == ""


@pytest_asyncio.fixture(loop_scope="session")
async def client_server(ray_session: str) -> AsyncIterator[str]:
    """The address of a client server of the session's cluster."""
    pytest.importorskip("grpc", reason="Ray's client is an extra: shoal[client]")
    port = free_port()
    # The usual proxy in front of it fails to start one of these for about one client in ten (Ray 2.60).
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ray.util.client.server", f"--address={ray_session}", "--host=127.0.0.1",
        f"--port={port}", "--mode=specific-server", cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:

        async def listens() -> bool:
            assert process.returncode is None
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                return False
            writer.close()
            return True

        await eventually(listens)
        yield f"ray://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def test_a_cluster_is_joined_from_outside_by_rays_client(client_server: str, ray_session: str) -> None:
    output, errors = await run(
        *((address, {}) for address in (client_server, client_server, "auto", ray_session))
    )
    assert output == [f"joined {ray_session}"] * 4, errors
    assert "Traceback" not in errors
