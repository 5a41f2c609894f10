"""An address is read and tried before Ray is let near it: what is no cluster is told apart, quickly and with words."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from shoal.runtime.errors import StartError
from shoal.runtime.ray.address import Address, reach, read_address

SETTINGS_FRAME = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


@contextlib.contextmanager
def listener(greeting: bytes | None) -> Iterator[Address]:
    """Somebody who answers the first thing said to them with ``greeting`` and hangs up; ``None``: stays silent."""
    done = threading.Event()

    def serve(server: socket.socket) -> None:
        line, _ = server.accept()
        with line:
            line.recv(100)
            if greeting is None:
                done.wait(60)
            else:
                line.sendall(greeting)

    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        try:
            yield Address(place, place, False)
        finally:
            done.set()
            thread.join()


@pytest.mark.parametrize(
    ("text", "place", "client"),
    [
        ("10.0.0.5:6379", "10.0.0.5:6379", False),
        ("head.cluster:6379", "head.cluster:6379", False),
        ("[::1]:6379", "[::1]:6379", False),
        ("ray://10.0.0.5:10001", "10.0.0.5:10001", True),
    ],
)
def test_an_address_names_a_place_and_whether_it_is_of_rays_client_server(
    text: str, place: str, client: bool
) -> None:
    assert read_address(text) == Address(text, place, client)


@pytest.mark.parametrize(
    "text",
    ["nonsense", "host:", ":6379", "host:port", "host:0", "host:65536", "host:²", "http://host:8265", "host:1/x", "ray://"],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(StartError, match=r"host:port, ray://host:port, or 'auto'") as caught:
        read_address(text)
    assert repr(text) in str(caught.value)


def test_a_port_where_nobody_listens_is_refused_with_what_to_do() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(StartError, match=r"refused.*ray start --head"):
        reach(Address(place, place, False), 10)


def test_a_host_that_does_not_exist_is_refused() -> None:
    with pytest.raises(StartError, match=r"no Ray cluster can be reached at 'nowhere\.invalid:6379'"):
        reach(read_address("nowhere.invalid:6379"), 10)


@pytest.mark.parametrize(
    "greeting",
    [b"HTTP/1.0 400 Bad request\r\n\r\n", b"220 mail ready\r\n", b"", b"\x00", SETTINGS_FRAME[:-1]],
    ids=["http", "mail", "hangs up", "one byte", "eight bytes"],
)
def test_a_port_where_something_else_listens_is_told_apart(greeting: bytes) -> None:
    with listener(greeting) as address, pytest.raises(StartError, match="does not speak Ray's protocol"):
        reach(address, 10)


def test_a_port_that_stays_silent_is_given_up() -> None:
    with listener(None) as address, pytest.raises(StartError, match="does not speak Ray's protocol"):
        reach(address, 0.1)


def test_a_server_that_speaks_http_2_may_be_ray_and_a_loopback_address_is_this_machine() -> None:
    with listener(SETTINGS_FRAME) as address:
        assert reach(address, 10) is True


def test_behind_tls_only_the_connection_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_USE_TLS", "1")
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"
        assert reach(Address(place, place, False), 10) is True
