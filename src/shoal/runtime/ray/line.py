"""A line: one link's transports, and which of them carries it now.

Same node: the Unix socket, as soon as it is open; until then, and whenever it breaks, Ray calls. Other nodes: Ray
calls. When Ray says that the host's actor is dead, the line is lost and the link with it.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from shoal.runtime.outlink import OutLink
from shoal.runtime.ray.calls import CallCarrier, is_death
from shoal.runtime.ray.records import HostInfo
from shoal.runtime.socket_server import frame_limit
from shoal.runtime.sockets import ClientConnection, connect
from shoal.runtime.wire import Report, unpack

if TYPE_CHECKING:
    from shoal.runtime.host import Host
    from shoal.runtime.ray.settings import Settings

_log = logging.getLogger("shoal.link")
_RECONNECT_S = (0.05, 5.0)
"""First and longest pause before the socket is tried again."""


class Line:
    """Keeps ``link`` attached to something that works."""

    def __init__(
        self,
        host: Host,
        settings: Settings,
        link: OutLink,
        info: HostInfo,
        actor: Any,
        on_lost: Callable[[Line, Exception], None],
    ) -> None:
        self.link = link
        self.info = info
        self.actor = actor
        self._host = host
        self._settings = settings
        self._on_lost = on_lost
        self._calls: CallCarrier | None = None
        self._socket: ClientConnection | None = None
        self._lost = False
        self._pause_s = _RECONNECT_S[0]

    async def open(self, same_node: bool) -> None:
        """Attach the best transport there is. Never fails: Ray calls find out whether the host lives."""
        self._same_node = same_node and bool(self.info.socket) and self._settings.config.sockets
        if not (self._same_node and await self._try_socket()):
            self._use_calls()

    def _use_calls(self) -> None:
        if self._lost:
            return
        self._calls = CallCarrier(
            self.actor, self._host.incarnation, self.link, self._calls_broke, self._host.out.errand
        )
        self.link.attach(self._calls)
        if self.link.owed or self._same_node:
            self._calls.poll()
        if self._same_node:
            self._host.out.errand(self._reconnect())

    async def _try_socket(self) -> bool:
        beside = CallCarrier(
            self.actor, self._host.incarnation, self.link, self._calls_broke, self._host.out.errand
        )

        def make() -> ClientConnection:
            return ClientConnection(
                self._settings.secret,
                self._host.incarnation,
                frame_limit(self._settings.config),
                self._on_report,
                self._socket_closed,
                beside.carry_beside,
            )

        try:
            self._socket = await connect(self.info.socket, make)
        except (OSError, TimeoutError) as exc:
            _log.info("no socket to %s (%s); using Ray calls", self.info.name, exc)
            return False
        if self._calls is not None:
            self._calls.close()
            self._calls = None
        self._pause_s = _RECONNECT_S[0]
        self.link.attach(self._socket)
        return True

    def _on_report(self, frame: bytes) -> None:
        report = unpack(frame)
        if isinstance(report, Report):
            self.link.on_report(report)

    def _socket_closed(self, connection: ClientConnection) -> None:
        self.link.detach(connection)
        if self._socket is connection:
            self._socket = None
            self._use_calls()

    async def _reconnect(self) -> None:
        while not self._lost and self._socket is None:
            await asyncio.sleep(self._pause_s * random.uniform(0.5, 1.0))
            self._pause_s = min(self._pause_s * 2, _RECONNECT_S[1])
            if not self._lost and self._socket is None and await self._try_socket():
                return

    def _calls_broke(self, carrier: CallCarrier, exc: Exception) -> None:
        self.link.detach(carrier)
        if self._lost:
            return
        if is_death(exc):
            self._lost = True
            self.close()
            self._on_lost(self, exc)
        elif self._socket is not None:
            self._socket.close()  # a large frame is missing in this session: begin another, which sends it again
        else:
            _log.warning("calls to %s fail (%s); trying again", self.info.name, exc)
            asyncio.get_running_loop().call_later(self._pause_s, self._use_calls)
            self._pause_s = min(self._pause_s * 2, _RECONNECT_S[1])

    def close(self) -> None:
        """Let go of both transports."""
        self._lost = True
        if self._calls is not None:
            self._calls.close()
        if self._socket is not None:
            self._socket.close()
