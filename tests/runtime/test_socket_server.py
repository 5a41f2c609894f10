"""A host behind its socket: who may enter, and what becomes of a peer that breaks the protocol."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgpack
import pytest

from shoal.runtime.config import Config
from shoal.runtime.errors import StartError
from shoal.runtime.host import Host
from shoal.runtime.socket_server import SocketServer, frame_limit, private_directory
from shoal.runtime.sockets import connect
from shoal.runtime.wire import Data, Report, pack_data, pack_report
from tests.runtime.socket_rig import (
    PATIENCE_S,
    SECRET,
    Client,
    closed_by_the_other_end,
    framed,
    on_both_loops,
    raw_handshake,
)


@pytest.fixture
def directory() -> Iterator[Path]:
    """A short path: pytest's own, with the name of the test in it, is too long for a socket."""
    with tempfile.TemporaryDirectory(prefix="shoal-") as path:
        yield Path(path)


@contextlib.asynccontextmanager
async def hosting(directory: Path) -> AsyncIterator[tuple[Host, SocketServer, str]]:
    host = Host("host", Config())
    server = SocketServer(host, SECRET)
    path = await server.listen(directory)
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield host, server, path
    finally:
        server.close()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"garbage",
        pack_report(Report(1, 1, 1, [], [])),
        msgpack.packb([1, 1, 1, 0, [["agent", 1, [[1] * 9]]]]),
    ],
    ids=["empty", "garbage", "report", "envelope"],
)
@on_both_loops
async def test_garbage_after_the_handshake_closes_the_connection_and_is_counted(
    directory: Path, frame: bytes
) -> None:
    async with hosting(directory) as (host, _, path):
        reader, writer = await raw_handshake(path)
        writer.write(framed(frame))
        assert await closed_by_the_other_end(reader)
        assert host.stats.links.protocol_errors == 1
        writer.close()


@on_both_loops
async def test_a_connection_that_breaks_the_protocol_does_not_disturb_another(directory: Path) -> None:
    async with hosting(directory) as (host, _, path):
        client = Client()
        good = await connect(path, client.make())
        reader, writer = await raw_handshake(path)
        writer.write(framed(b"garbage"))
        assert await closed_by_the_other_end(reader)
        good.carry(pack_data(Data(1, 1, 0, [("agent", 1, [])])), large=False)  # type: ignore[list-item]
        assert await client.reports.get()
        assert host.stats.links.protocol_errors == 1
        good.close()
        writer.close()


@on_both_loops
async def test_the_socket_lets_in_its_user_only_and_its_file_goes_when_it_closes(directory: Path) -> None:
    async with hosting(directory) as (_, server, path):
        assert os.stat(path).st_mode & 0o777 == 0o600
        server.close()
        assert not os.listdir(directory)


@on_both_loops
async def test_a_directory_too_deep_for_a_socket_leaves_the_host_without_one(directory: Path) -> None:
    server = SocketServer(Host("host", Config()), SECRET)
    assert await server.listen(directory / ("deep" * 30)) == ""


def test_the_limit_of_a_frame_has_room_for_the_largest_message_beside_a_full_batch() -> None:
    config = Config()
    assert frame_limit(config) >= config.max_message_bytes + config.batch_bytes


def test_the_private_directory_lets_in_its_user_only(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    path = private_directory("system")
    assert private_directory("system") == path
    assert path.stat().st_mode & 0o777 == 0o700
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("spoil", ["wide", "link", "file"])
def test_a_directory_that_others_could_enter_is_refused(
    directory: Path, monkeypatch: pytest.MonkeyPatch, spoil: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    path = private_directory("other").parent / "system"
    match spoil:
        case "wide":
            path.mkdir()
            path.chmod(0o755)
        case "link":
            path.symlink_to(path.parent / "other")
        case _:
            path.touch(mode=0o600)
    with pytest.raises(StartError, match="mode 0700"):
        private_directory("system")
