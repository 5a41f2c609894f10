"""The Unix sockets: frames arrive whole however they are cut, and whoever cannot prove the secret is shown the door."""

from __future__ import annotations

import asyncio
import itertools
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.runtime import sockets
from shoal.runtime.sockets import connect, proof
from tests.runtime.socket_rig import (
    MOST,
    PATIENCE_S,
    SECRET,
    SENDER,
    Client,
    Server,
    closed_by_the_other_end,
    framed,
    on_both_loops,
    raw_handshake,
    serving,
)


@pytest.fixture
def directory() -> Iterator[Path]:
    """A short path: pytest's own, with the name of the test in it, is too long for a socket."""
    with tempfile.TemporaryDirectory(prefix="shoal-") as path:
        yield Path(path)


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
    async with asyncio.timeout(PATIENCE_S), await asyncio.start_unix_server(pretend, path):
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
    async with asyncio.timeout(PATIENCE_S), await asyncio.start_unix_server(silent, path):
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
