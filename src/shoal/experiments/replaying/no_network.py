"""Keeps a replay off the network: connecting, sending, asking for names and starting programs are refused.

By an audit hook (PEP 578), which sees what Python code does through ``socket``, ``subprocess`` and ``os``, whatever
library it is in; not what a library does in C (gRPC, libpq). A hook stays for the life of the process; outside a replay
it lets everything pass. Unix sockets and addresses that need no name server pass always.
"""

from __future__ import annotations

import errno
import ipaddress
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_REMEDY = "do it in ctx.once or in a tool, whose results are recorded, or give --live (Options(live=True)) to allow it"


class NotInReplay(OSError):
    """The code reaches out of the process, which a replay refuses."""


class NoNetwork(NotInReplay, ConnectionRefusedError):
    """It connects somewhere, sends a packet or asks for a name."""

    def __init__(self, what: str) -> None:
        super().__init__(errno.ECONNREFUSED, f"the code {what}, and a replay has no network: {_REMEDY}")


class NoPrograms(NotInReplay, PermissionError):
    """It starts a program, which would have a network."""

    def __init__(self, what: str) -> None:
        super().__init__(errno.EPERM, f"the code {what}, and a replay starts no programs: {_REMEDY}")


class Refusals:
    """What was refused in one replay."""

    def __init__(self) -> None:
        self._told: dict[str, None] = {}

    def note(self, what: str) -> None:
        """In words, as ``connects to 10.0.0.1:80``."""
        if len(self._told) < 20:
            self._told[what] = None

    @property
    def told(self) -> list[str]:
        """Each once, in their order; no more than twenty."""
        return list(self._told)


def _connects(arguments: tuple[Any, ...]) -> str:
    return f"connects to {_place(arguments[1])}" if isinstance(arguments[1], tuple) else ""


def _sends(arguments: tuple[Any, ...]) -> str:
    return f"sends to {_place(arguments[1])}" if isinstance(arguments[1], tuple) else ""


def _asks_name(arguments: tuple[Any, ...]) -> str:
    host = arguments[0][0] if isinstance(arguments[0], tuple) else arguments[0]
    return "" if _is_number(host) else f"asks for the address of {_text(host)}"


def _asks_back(arguments: tuple[Any, ...]) -> str:
    host = arguments[0][0] if isinstance(arguments[0], tuple) else arguments[0]
    return f"asks for the name of {_text(host)}"


def _starts(arguments: tuple[Any, ...]) -> str:
    return f"starts {_text(arguments[0])}"


def _starts_mode(arguments: tuple[Any, ...]) -> str:
    return f"starts {_text(arguments[1])}"


_NETWORK: dict[str, Callable[[tuple[Any, ...]], str]] = {
    "socket.connect": _connects,
    "socket.sendto": _sends,
    "socket.sendmsg": _sends,
    "socket.getaddrinfo": _asks_name,
    "socket.gethostbyname": _asks_name,
    "socket.gethostbyaddr": _asks_back,
    "socket.getnameinfo": _asks_back,
}
_PROGRAMS: dict[str, Callable[[tuple[Any, ...]], str]] = {
    "subprocess.Popen": _starts,
    "os.exec": _starts,
    "os.posix_spawn": _starts,
    "os.startfile": _starts,
    "os.system": _starts,
    "os.spawn": _starts_mode,
}


class _Guard:
    def __init__(self) -> None:
        self.replays: list[Refusals] = []
        self.installed = False

    def watch(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.replays:
            return
        if event in _NETWORK and (what := _NETWORK[event](arguments)):
            self._note(what)
            raise NoNetwork(what)
        if event in _PROGRAMS:
            what = _PROGRAMS[event](arguments)
            self._note(what)
            raise NoPrograms(what)

    def _note(self, what: str) -> None:
        for refusals in self.replays:
            refusals.note(what)


_guard = _Guard()


@contextmanager
def no_network() -> Iterator[Refusals]:
    """Nothing in this process reaches another one, but for Unix sockets. Raises :class:`NotInReplay` in what tries."""
    if not _guard.installed:
        sys.addaudithook(_guard.watch)
        _guard.installed = True
    refusals = Refusals()
    _guard.replays.append(refusals)
    try:
        yield refusals
    finally:
        _guard.replays.remove(refusals)


def _place(address: tuple[Any, ...]) -> str:
    return ":".join(map(_text, address[:2]))


def _is_number(host: Any) -> bool:
    """Whether there is nobody to ask: it is an address, or means this machine's own."""
    if not host:
        return True
    try:
        ipaddress.ip_address(_text(host).partition("%")[0])
    except ValueError:
        return False
    return True


def _text(value: Any) -> str:
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
