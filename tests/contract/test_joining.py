"""Joining a cluster that runs, by each of its addresses; and what cannot be joined ends in a ``StartError``."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.contract.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.ray]
ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import asyncio, sys, ray
import shoal

async def shout(text: str) -> str:
    return text.upper()

async def main():
    for target in sys.argv[1:]:
        try:
            async with shoal.start(None if target == "nothing" else target) as system:
                ref = await system.spawn(shout, name="shout")
                print(await ref.ask("hello"), ray.get_runtime_context().gcs_address, flush=True)
        except shoal.errors.StartError as error:
            print("StartError:", error, flush=True)

asyncio.run(main())
"""


async def run(*targets: str, **environment: str) -> tuple[list[str], str]:
    """What a program of its own prints that starts a system at one target after the other, and its stderr.

    Nothing of this process's Ray is in its environment: it comes as somebody else.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, *targets, cwd=ROOT, env={**own, **environment},
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


async def test_a_cluster_is_joined_by_its_own_address_and_by_loopback_also_a_second_time(
    ray_session: str,
) -> None:
    port = ray_session.rpartition(":")[2]
    targets = [f"127.0.0.1:{port}", ray_session, f"localhost:{port}", "auto", "nothing"]
    output, errors = await run(*targets)
    assert output == [f"HELLO {ray_session}"] * len(targets), errors
    assert "Traceback" not in errors


async def test_a_cluster_named_in_the_environment_is_joined_by_who_starts_without_address(
    ray_session: str,
) -> None:
    output, errors = await run("nothing", RAY_ADDRESS=ray_session)
    assert output == [f"HELLO {ray_session}"], errors


async def test_a_process_that_has_joined_one_cluster_is_refused_another(ray_session: str) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    output, _ = await run(ray_session, nobody, "ray://" + ray_session)
    assert output[0] == f"HELLO {ray_session}"
    assert "refused" in output[1]
    assert f"connected to the Ray cluster at {ray_session} already" in output[2]


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
    (line,), errors = await run(ray_session, **environment)
    assert line.startswith("StartError")
    assert words in line
    assert errors == ""


async def test_an_address_where_no_ray_listens_is_a_start_error_that_says_what_to_do() -> None:
    address = f"127.0.0.1:{free_port()}"
    (line, from_environment), errors = await run(address, "nothing", RAY_ADDRESS=address)
    assert line.startswith(f"StartError: no Ray cluster can be reached at {address!r}")
    assert "ray start --head" in line
    assert "RAY_ADDRESS" in from_environment
    assert errors == ""


async def test_a_port_of_ray_that_is_not_the_clusters_is_a_start_error(ray_session: str) -> None:
    import ray

    (node,) = ray.nodes()  # type: ignore[no-untyped-call]
    raylet = f"{node['NodeManagerAddress']}:{node['NodeManagerPort']}"
    (line,), errors = await run(raylet)
    assert line.startswith(f"StartError: what listens at {raylet!r} is not the port of a Ray cluster")
    assert "Traceback" not in errors


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
    output, errors = await run(client_server, client_server, "auto", ray_session)
    assert output == [f"HELLO {ray_session}"] * 4, errors
    assert "Traceback" not in errors


async def test_rays_client_is_not_sent_to_the_port_of_the_cluster(ray_session: str) -> None:
    (line,), errors = await run(f"ray://{ray_session}")
    words = ["pip install 'shoal[client]'", "is not Ray's client server"]
    assert line.startswith("StartError")
    assert any(word in line for word in words)
    assert errors == ""
