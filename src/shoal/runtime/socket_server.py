"""The host's Unix socket: listens in a private directory, feeds arrivals, counts who breaks the protocol."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import socket
import stat
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from shoal.runtime.errors import ProtocolError, StartError
from shoal.runtime.sockets import ServerConnection

if TYPE_CHECKING:
    from shoal.runtime.config import Config
    from shoal.runtime.host import Host

_log = logging.getLogger("shoal.sockets")
_STALE_S = 60.0
"""Younger directories are left alone: their system may be starting."""
_PATH_MAX = 100
"""Unix socket paths end at 108 bytes on Linux, 104 on macOS."""


def frame_limit(config: Config) -> int:
    """Bytes a frame may have: a batch, or one message alone, and the envelopes around them."""
    return config.max_message_bytes + config.batch_bytes + 1024 * config.batch_messages + 65_536


def private_directory(system: str) -> Path:
    """The node's directory for a system's sockets: only this user may enter. Raises :class:`StartError`."""
    base = Path(tempfile.gettempdir()) / f"shoal-{os.getuid()}"
    path = base / system
    for step in (base, path):
        with contextlib.suppress(FileExistsError):
            step.mkdir(mode=0o700)
        status = step.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
            raise StartError(
                f"{step} must be a directory of this user with mode 0700: remove it, or set TMPDIR"
            )
    return path


def sweep_stale_directories() -> None:
    """Remove what systems left whose processes were all killed: directories where nobody listens any more."""
    base = Path(tempfile.gettempdir()) / f"shoal-{os.getuid()}"
    for directory in base.glob("shoal-*"):
        with contextlib.suppress(OSError):
            if time.time() - directory.stat().st_mtime > _STALE_S and not any(
                map(_listens, directory.glob("*.sock"))
            ):
                shutil.rmtree(directory, ignore_errors=True)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(0.5)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


class SocketServer:
    """Accepts links for a host."""

    def __init__(self, host: Host, secret: bytes) -> None:
        self._host = host
        self._secret = secret
        self._server: asyncio.Server | None = None
        self._connections: set[ServerConnection] = set()
        self.path = ""

    async def listen(self, directory: Path) -> str:
        """Listen; returns the path, or "" where the directory is too deep for a socket (Ray calls serve then)."""
        path = str(directory / f"{self._host.incarnation.hex()}.sock")
        if len(path) > _PATH_MAX:
            _log.warning(
                "no Unix socket for %s: its path would be too long (%s); set TMPDIR", self._host.name, path
            )
            return ""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(self._accept, path)
        os.chmod(path, 0o600)
        self.path = path
        return path

    def _accept(self) -> ServerConnection:
        connection = ServerConnection(
            self._secret, frame_limit(self._host.config), self._on_data, self._on_closed, self._on_bad
        )
        self._connections.add(connection)
        return connection

    def _on_data(self, sender: bytes, frame: bytes, connection: ServerConnection) -> None:
        self._host.arrivals.on_frame(sender, frame, connection)

    def _on_closed(self, sender: bytes, connection: ServerConnection) -> None:
        self._connections.discard(connection)
        self._host.arrivals.detach(sender, connection)

    def _on_bad(self, error: ProtocolError) -> None:
        self._host.stats.links.protocol_errors += 1
        _log.warning("closing a socket of %s: %s", self._host.name, error)

    def cut(self) -> None:
        """Close every connection (tests cut links this way); senders connect again."""
        for connection in list(self._connections):
            connection.close()

    def unlink(self) -> None:
        """Stop listening and remove the socket's file. Safe from any thread at the process's end."""
        if self.path:
            with contextlib.suppress(OSError):
                os.unlink(self.path)

    def close(self) -> None:
        """Stop listening, close all connections, remove the file."""
        if self._server is not None:
            self._server.close()
        self.cut()
        self.unlink()
