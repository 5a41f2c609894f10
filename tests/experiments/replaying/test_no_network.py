from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from shoal.experiments.replaying.no_network import NoNetwork, NoPrograms, NotInReplay, no_network

NOWHERE = ("127.0.0.1", 9)


def udp(do: Callable[[socket.socket], Any]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        do(made)


WAYS: list[tuple[Callable[[], Any], type[NotInReplay], str]] = [
    (lambda: socket.create_connection(NOWHERE), NoNetwork, "connects to 127.0.0.1:9"),
    (lambda: udp(lambda made: made.connect(NOWHERE)), NoNetwork, "connects to 127.0.0.1:9"),
    (lambda: udp(lambda made: made.sendto(b"x", NOWHERE)), NoNetwork, "sends to 127.0.0.1:9"),
    (lambda: udp(lambda made: made.sendmsg([b"x"], [], 0, NOWHERE)), NoNetwork, "sends to 127.0.0.1:9"),
    (lambda: socket.getaddrinfo("localhost", 80), NoNetwork, "asks for the address of localhost"),
    (lambda: socket.gethostbyname("localhost"), NoNetwork, "asks for the address of localhost"),
    (lambda: socket.gethostbyaddr("127.0.0.1"), NoNetwork, "asks for the name of 127.0.0.1"),
    (lambda: subprocess.run([sys.executable, "-c", ""], check=False), NoPrograms, f"starts {sys.executable}"),
    (lambda: os.system("true"), NoPrograms, "starts true"),
    (lambda: os.posix_spawn("/bin/true", ["true"], {}), NoPrograms, "starts /bin/true"),
    (lambda: os.execv("/nowhere/at-all", ["it"]), NoPrograms, "starts /nowhere/at-all"),
]


@pytest.mark.parametrize(("way", "error", "what"), WAYS, ids=[what for _, _, what in WAYS])
def test_every_way_out_is_refused_by_name_with_what_to_do(
    way: Callable[[], Any], error: type[NotInReplay], what: str
) -> None:
    with no_network() as refusals, pytest.raises(error, match=r"ctx\.once.*--live") as raised:
        way()
    assert what in str(raised.value)
    assert refusals.told == [what]


async def test_programs_are_refused_to_an_event_loop_too_and_its_own_sockets_go_on() -> None:
    with no_network():
        with pytest.raises(NoPrograms):
            await asyncio.create_subprocess_exec(sys.executable, "-c", "")
        with pytest.raises(NoNetwork):
            await asyncio.open_connection("localhost", 80)
        assert await asyncio.to_thread(socket.gethostname)
        assert socket.getaddrinfo("127.0.0.1", 80)
        one, other = socket.socketpair()
        with one, other:
            one.sendall(b"here")
            assert other.recv(4) == b"here"


def test_after_a_replay_everything_passes_and_replays_in_one_another_count_each() -> None:
    with no_network() as outer:
        with no_network() as inner, pytest.raises(NoNetwork):
            socket.getaddrinfo("localhost", 80)
        with pytest.raises(NoNetwork):
            socket.gethostbyname("elsewhere")
    assert (len(outer.told), len(inner.told)) == (2, 1)
    assert subprocess.run([sys.executable, "-c", ""], check=False).returncode == 0
    assert socket.getaddrinfo("localhost", 80)
