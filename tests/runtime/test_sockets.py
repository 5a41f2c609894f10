"""The Unix sockets: frames arrive whole however they are cut, and whoever cannot prove the secret is shown the door."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import itertools
import os
import struct
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, cast

import msgpack
import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from shoal.runtime import sockets
from shoal.runtime.config import Config
from shoal.runtime.errors import ProtocolError, StartError
from shoal.runtime.host import Host
from shoal.runtime.socket_server import SocketServer, frame_limit, private_directory
from shoal.runtime.sockets import ClientConnection, ServerConnection, connect, proof
from shoal.runtime.wire import Data, Report, pack_data, pack_report

SECRET = b"the secret of this run"
SENDER = b"incarnation"
MOST = 100_000
_PATIENCE_S = 10.0
"""Longest wait for something that must happen."""


def framed(*frames: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(frame)) + frame for frame in frames)


def on_both_loops(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run the test on asyncio's own event loop (a laptop's client) and on uvloop (Ray's actors)."""

    @pytest.mark.parametrize(
        "new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
    )
    def run(new_loop: Callable[[], asyncio.AbstractEventLoop], **fixtures: Any) -> None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(test(**fixtures))

    own = inspect.signature(test)
    loop = inspect.Parameter("new_loop", inspect.Parameter.KEYWORD_ONLY)
    # pytest reads from it which fixtures the test wants.
    vars(run)["__signature__"] = own.replace(parameters=[*own.parameters.values(), loop])
    return cast("Callable[..., None]", run)


@pytest.fixture
def directory() -> Iterator[Path]:
    """A short path: pytest's own, with the name of the test in it, is too long for a socket."""
    with tempfile.TemporaryDirectory(prefix="shoal-") as path:
        yield Path(path)


class Server:
    """Listens with real ``ServerConnection``s and notes all that they say."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.frames: asyncio.Queue[tuple[bytes, bytes]] = asyncio.Queue()
        self.bad: list[ProtocolError] = []
        self.closed: asyncio.Queue[bytes] = asyncio.Queue()
        self.connections: list[ServerConnection] = []

    def accept(self) -> ServerConnection:
        connection = ServerConnection(SECRET, MOST, self._on_data, self._on_closed, self.bad.append)
        self.connections.append(connection)
        return connection

    def _on_data(self, sender: bytes, frame: bytes, connection: ServerConnection) -> None:
        self.frames.put_nowait((sender, frame))

    def _on_closed(self, sender: bytes, connection: ServerConnection) -> None:
        self.closed.put_nowait(sender)


@contextlib.asynccontextmanager
async def serving(path: str) -> AsyncIterator[Server]:
    server = Server(path)
    listening = await asyncio.get_running_loop().create_unix_server(server.accept, path)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            yield server
    finally:
        listening.close()
        for connection in server.connections:
            connection.close()
        await asyncio.sleep(0)


class Client:
    """A real ``ClientConnection`` and what it heard."""

    def __init__(self) -> None:
        self.reports: asyncio.Queue[bytes] = asyncio.Queue()
        self.beside: list[bytes] = []
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def make(self, secret: bytes = SECRET, sender: bytes = SENDER) -> Callable[[], ClientConnection]:
        def on_closed(connection: ClientConnection) -> None:
            self.closed.set_result(None)

        return lambda: ClientConnection(
            secret, sender, MOST, self.reports.put_nowait, on_closed, self.beside.append
        )


async def raw_handshake(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect by hand and prove to know the secret."""
    reader, writer = await asyncio.open_unix_connection(path)
    nonce = (await reader.readexactly(20))[4:]
    mac = proof(SECRET, b"hello", nonce, SENDER)
    writer.write(framed(msgpack.packb([SENDER, b"n" * 16, mac])))
    assert (await reader.readexactly(36))[4:] == proof(SECRET, b"welcome", b"n" * 16)
    return reader, writer


async def closed_by_the_other_end(reader: asyncio.StreamReader) -> bool:
    try:
        while await reader.read(65536):
            pass
    except ConnectionResetError:
        pass
    return True


# -- frames ---------------------------------------------------------------------------------------------------


@on_both_loops
async def test_frames_of_every_size_arrive_whole_and_in_order_both_ways(directory: Path) -> None:
    sizes = [0, 1, 3, 4, 255, 256, 65_535, 65_536, MOST, 2]
    async with serving(str(directory / "s")) as server:
        client = Client()
        connection = await connect(server.path, client.make())
        for size in sizes:
            connection.carry(bytes(size), large=False)
        assert [await server.frames.get() for _ in sizes] == [(SENDER, bytes(size)) for size in sizes]
        [accepted] = server.connections
        assert accepted.ready
        for size in sizes:
            accepted.emit(bytes(size))
        assert [len(await client.reports.get()) for _ in sizes] == sizes
        connection.close()


@on_both_loops
async def test_frames_cut_at_every_byte_arrive_whole(directory: Path) -> None:
    frames = [b"first", b"", b"second frame"]
    stream = framed(*frames)
    async with serving(str(directory / "s")) as server:
        for cut in range(len(stream) + 1):
            _, writer = await raw_handshake(server.path)
            writer.write(stream[:cut])
            await writer.drain()
            await asyncio.sleep(0)
            writer.write(stream[cut:])
            assert [(await server.frames.get())[1] for _ in frames] == frames
            writer.close()
        assert not server.bad


@on_both_loops
async def test_a_hello_cut_at_every_byte_is_welcomed(directory: Path) -> None:
    async with serving(str(directory / "s")) as server:
        for cut in range(0, 80, 3):
            reader, writer = await asyncio.open_unix_connection(server.path)
            nonce = (await reader.readexactly(20))[4:]
            hello = framed(
                msgpack.packb([SENDER, b"n" * 16, proof(SECRET, b"hello", nonce, SENDER)]), b"data"
            )
            writer.write(hello[:cut])
            await writer.drain()
            await asyncio.sleep(0)
            writer.write(hello[cut:])
            assert (await server.frames.get())[1] == b"data"
            writer.close()


class Wire(asyncio.Transport):
    """Takes what a connection writes."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True


@given(frames=st.lists(st.binary(max_size=50), max_size=8), cuts=st.lists(st.integers(0, 600), max_size=20))
def test_a_stream_cut_anywhere_gives_the_same_frames(frames: list[bytes], cuts: list[int]) -> None:
    async def receive() -> list[bytes]:
        server = Server("")
        connection, wire = server.accept(), Wire()
        connection.connection_made(wire)
        mac = proof(SECRET, b"hello", wire.written[4:], SENDER)
        stream = framed(msgpack.packb([SENDER, b"n" * 16, mac]), *frames)
        edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
        for start, end in itertools.pairwise(edges):
            connection.data_received(stream[start:end])
        connection.connection_lost(None)
        return [server.frames.get_nowait()[1] for _ in range(server.frames.qsize())]

    assert asyncio.run(receive()) == frames


# -- who may speak --------------------------------------------------------------------------------------------


@on_both_loops
async def test_a_client_with_another_secret_is_refused_and_counted(directory: Path) -> None:
    async with serving(str(directory / "s")) as server:
        with pytest.raises(OSError, match="closed during the handshake"):
            await connect(server.path, Client().make(secret=b"another"))
        assert await server.closed.get() == b""
        assert len(server.bad) == 1
        assert server.frames.empty()


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x00" * 100,
        b"\xff" * 100,
        framed(b"not msgpack \xc1"),
        framed(msgpack.packb(None)),
        framed(msgpack.packb([SENDER, b"nonce"])),
        framed(msgpack.packb([SENDER, b"n" * 16, b"a mac of nothing"])),
        framed(msgpack.packb([SENDER, b"n" * 16, "\u00e9"])),
        framed(msgpack.packb(["text", b"n" * 16, b"mac"])),
        framed(b"\x91" * 1000),
        framed(b"\xdd\xff\xff\xff\xff" * 100),
    ],
    ids=range(11),
)
@on_both_loops
async def test_garbage_before_the_handshake_closes_the_connection_and_is_counted(
    directory: Path, garbage: bytes
) -> None:
    async with serving(str(directory / "s")) as server:
        reader, writer = await asyncio.open_unix_connection(server.path)
        writer.write(garbage)
        assert await closed_by_the_other_end(reader)
        assert await server.closed.get() == b""
        assert len(server.bad) == 1
        assert server.frames.empty()
        writer.close()


@pytest.mark.parametrize("hello", [[b"", b"n" * 16], [SENDER, 17], [SENDER, None]], ids=repr)
@on_both_loops
async def test_a_hello_that_proves_the_secret_but_makes_no_sense_is_refused_and_counted(
    directory: Path, hello: list[bytes]
) -> None:
    async with serving(str(directory / "s")) as server:
        reader, writer = await asyncio.open_unix_connection(server.path)
        nonce = (await reader.readexactly(20))[4:]
        writer.write(framed(msgpack.packb([*hello, proof(SECRET, b"hello", nonce, hello[0])])))
        assert await closed_by_the_other_end(reader)
        await server.closed.get()
        assert len(server.bad) == 1
        writer.close()


@on_both_loops
async def test_a_proof_made_for_one_connection_opens_no_other(directory: Path) -> None:
    async with serving(str(directory / "s")) as server:
        reader, writer = await asyncio.open_unix_connection(server.path)
        nonce = (await reader.readexactly(20))[4:]
        hello = framed(msgpack.packb([SENDER, b"n" * 16, proof(SECRET, b"hello", nonce, SENDER)]))
        other_reader, other_writer = await asyncio.open_unix_connection(server.path)
        other_writer.write(hello)
        assert await closed_by_the_other_end(other_reader)
        writer.write(hello)
        assert len(await reader.readexactly(36)) == 36
        for each in (writer, other_writer):
            each.close()


@pytest.mark.parametrize(
    "answers",
    [
        [b"n" * 16, b"not the proof"],
        [b"n" * 16, proof(b"another", b"welcome", b"?")],
        [b"short"],
        [b"n" * 17],
        [b""],
    ],
    ids=range(5),
)
@on_both_loops
async def test_a_client_trusts_no_server_that_cannot_prove_the_secret(
    directory: Path, answers: list[bytes]
) -> None:
    ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def pretend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(framed(*answers))
        ended.set_result(await closed_by_the_other_end(reader))
        writer.close()

    path = str(directory / "s")
    async with asyncio.timeout(_PATIENCE_S), await asyncio.start_unix_server(pretend, path):
        client = Client()
        with pytest.raises(OSError, match="closed during the handshake"):
            await connect(path, client.make())
        assert await ended
        assert client.reports.empty()


@on_both_loops
async def test_a_socket_that_is_not_there_is_an_os_error(directory: Path) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - the operating system's own text
        await connect(str(directory / "missing"), Client().make())


# -- limits ---------------------------------------------------------------------------------------------------


@on_both_loops
async def test_a_frame_announced_over_the_limit_is_refused_before_it_is_sent(directory: Path) -> None:
    async with serving(str(directory / "s")) as server:
        reader, writer = await raw_handshake(server.path)
        writer.write(struct.pack(">I", MOST + 1))
        assert await closed_by_the_other_end(reader)
        assert await server.closed.get() == SENDER
        assert "100,001 bytes was announced; the limit is 100,000" in str(server.bad[0])
        writer.close()


@on_both_loops
async def test_before_the_handshake_no_more_than_a_kilobyte_may_be_announced(directory: Path) -> None:
    async with serving(str(directory / "s")) as server:
        reader, writer = await asyncio.open_unix_connection(server.path)
        writer.write(struct.pack(">I", 1025))
        assert await closed_by_the_other_end(reader)
        assert "1,025 bytes was announced" in str(server.bad[0])
        writer.close()


@pytest.mark.parametrize("said", [b"", framed(b"half a hello")[:-1]], ids=["nothing", "half"])
@on_both_loops
async def test_a_client_that_takes_too_long_to_say_hello_is_cut_off(
    directory: Path, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "HANDSHAKE_S", 0.05)
    async with serving(str(directory / "s")) as server:
        reader, writer = await asyncio.open_unix_connection(server.path)
        writer.write(said)
        assert await closed_by_the_other_end(reader)
        assert await server.closed.get() == b""
        writer.close()


@on_both_loops
async def test_a_client_that_said_hello_in_time_is_not_cut_off_when_the_time_for_it_is_over(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "HANDSHAKE_S", 0.05)
    async with serving(str(directory / "s")) as server:
        _, writer = await raw_handshake(server.path)
        over = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.1, over.set_result, None)
        await over
        writer.write(framed(b"still here"))
        assert (await server.frames.get())[1] == b"still here"
        writer.close()


@on_both_loops
async def test_a_server_that_never_answers_is_given_up_and_the_connection_to_it_closed(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "HANDSHAKE_S", 0.05)
    ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.set_result(await closed_by_the_other_end(reader))
        writer.close()

    path = str(directory / "s")
    async with asyncio.timeout(_PATIENCE_S), await asyncio.start_unix_server(silent, path):
        with pytest.raises(TimeoutError):
            await connect(path, Client().make())
        assert await ended


# -- ends -----------------------------------------------------------------------------------------------------


@on_both_loops
async def test_both_ends_hear_once_that_the_connection_closed(directory: Path) -> None:
    async with serving(str(directory / "s")) as server:
        client = Client()
        connection = await connect(server.path, client.make())
        connection.carry(b"data", large=False)
        await server.frames.get()
        [accepted] = server.connections
        accepted.close()
        await client.closed
        assert await server.closed.get() == SENDER
        assert not accepted.ready
        connection.carry(b"into the void", large=False)
        assert server.closed.empty()


@on_both_loops
async def test_a_large_frame_goes_beside_the_socket(directory: Path) -> None:
    async with serving(str(directory / "s")) as server:
        client = Client()
        connection = await connect(server.path, client.make())
        connection.carry(b"large", large=True)
        connection.carry(b"small", large=False)
        assert (await server.frames.get())[1] == b"small"
        assert client.beside == [b"large"]
        connection.close()


# -- a host behind it -----------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def hosting(directory: Path) -> AsyncIterator[tuple[Host, SocketServer, str]]:
    host = Host("host", Config())
    server = SocketServer(host, SECRET)
    path = await server.listen(directory)
    try:
        async with asyncio.timeout(_PATIENCE_S):
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
