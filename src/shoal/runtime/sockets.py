"""Unix sockets between the hosts of one node: frames with a length before them, after a mutual proof of the secret.

The socket lies in a directory only its user can enter, and each end proves that it knows the run's secret (HMAC over
a fresh nonce) before a frame is read. A connection carries one link: DATA one way, REPORT the other.

::

    server: nonce                      client: hello [sender, client nonce, HMAC(secret, "hello" nonce sender)]
    server: HMAC(secret, "welcome" client nonce)           then length-prefixed frames, both ways
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import struct
from collections.abc import Callable
from typing import Any, cast

import msgpack

from shoal.runtime.errors import ProtocolError

_log = logging.getLogger("shoal.sockets")
_LENGTH = struct.Struct(">I")
_NONCE = 16
_HANDSHAKE_MAX = 1024
HANDSHAKE_S = 5.0


def proof(secret: bytes, purpose: bytes, *parts: bytes) -> bytes:
    """What only a holder of the secret can compute for these parts."""
    return hmac.digest(secret, purpose + b"".join(parts), "sha256")


class _Frames(asyncio.Protocol):
    """Cuts the byte stream into frames. Subclasses say what a frame means."""

    def __init__(self, most_bytes: int) -> None:
        self._most = _HANDSHAKE_MAX
        self._most_later = most_bytes
        self._rest = bytearray()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one by shape, not by class

    def trusted(self) -> None:
        """The handshake is over: frames of full size from now on."""
        self._most = self._most_later

    def send(self, frame: bytes) -> None:
        """Send one frame."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(_LENGTH.pack(len(frame)) + frame)

    def data_received(self, data: bytes) -> None:
        rest = self._rest
        rest += data
        start, end = 0, len(rest)
        try:
            while end - start >= 4:
                (length,) = _LENGTH.unpack_from(rest, start)
                if length > self._most:
                    raise ProtocolError(
                        f"a frame of {length:,} bytes was announced; the limit is {self._most:,}"
                    )
                if end - start - 4 < length:
                    break
                self.on_frame(bytes(rest[start + 4 : start + 4 + length]))
                start += 4 + length
        except ProtocolError as error:
            self.on_bad(error)
            self.close()
            return
        if start:
            del rest[:start]

    def close(self) -> None:
        """Close at once; what was not sent is sent again over another transport."""
        if self.transport is not None:
            self.transport.abort()

    def on_frame(self, frame: bytes) -> None:
        """One whole frame came. :class:`ProtocolError` closes the connection."""
        raise ProtocolError("no frame is expected")

    def on_bad(self, error: ProtocolError) -> None:
        """The other end broke the protocol."""


class ServerConnection(_Frames):
    """The receiving end, a ``Backway`` for reports.

    ``on_data(sender, frame, self)`` for each frame; ``on_closed(sender, self)`` once, whatever came before it
    (``sender`` is empty when nobody proved to be one).
    """

    def __init__(
        self,
        secret: bytes,
        most_bytes: int,
        on_data: Callable[[bytes, bytes, ServerConnection], None],
        on_closed: Callable[[bytes, ServerConnection], None],
        on_bad: Callable[[ProtocolError], None],
    ) -> None:
        super().__init__(most_bytes)
        self._secret = secret
        self._nonce = os.urandom(_NONCE)
        self._on_data = on_data
        self._on_closed = on_closed
        self._on_bad = on_bad
        self.sender = b""
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.send(self._nonce)
        self._deadline = asyncio.get_running_loop().call_later(HANDSHAKE_S, self._too_slow)

    def _too_slow(self) -> None:
        if not self.sender:
            self.close()

    def on_frame(self, frame: bytes) -> None:
        if self.sender:
            self._on_data(self.sender, frame, self)
            return
        try:
            sender, nonce, mac = msgpack.unpackb(frame)
            welcome = proof(self._secret, b"welcome", nonce)
            good = hmac.compare_digest(mac, proof(self._secret, b"hello", self._nonce, sender)) and bool(
                sender
            )
        except Exception as exc:  # anything at all may come before the proof
            raise ProtocolError(f"a hello that cannot be read: {type(exc).__name__}") from exc
        if not good:
            raise ProtocolError("a hello without proof of this run's secret")
        self.sender = sender
        self.trusted()
        self.send(welcome)

    def on_bad(self, error: ProtocolError) -> None:
        self._on_bad(error)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._on_closed(self.sender, self)

    # Backway
    @property
    def ready(self) -> bool:
        """Whether a report can go now."""
        return self.transport is not None and not self.transport.is_closing()

    def emit(self, frame: bytes) -> None:
        """Send a REPORT frame."""
        self.send(frame)

    def settle(self, owes: bool) -> None:
        """Nothing to do: a socket is always open for more."""


class ClientConnection(_Frames):
    """The sending end; a ``Carrier`` once ``welcomed``."""

    def __init__(
        self,
        secret: bytes,
        sender: bytes,
        most_bytes: int,
        on_report: Callable[[bytes], None],
        on_closed: Callable[[ClientConnection], None],
        send_large: Callable[[bytes], None],
    ) -> None:
        super().__init__(most_bytes)
        self._secret = secret
        self._sender = sender
        self._nonce = os.urandom(_NONCE)
        self._on_report = on_report
        self._on_closed = on_closed
        self._send_large = send_large
        self._said_hello = False
        self.welcomed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_frame(self, frame: bytes) -> None:
        if self.welcomed.done():
            self._on_report(frame)
        elif not self._said_hello:
            if len(frame) != _NONCE:
                raise ProtocolError(f"a nonce of {len(frame)} bytes")
            self._said_hello = True
            mac = proof(self._secret, b"hello", frame, self._sender)
            self.send(msgpack.packb([self._sender, self._nonce, mac]))
        elif hmac.compare_digest(frame, proof(self._secret, b"welcome", self._nonce)):
            self.trusted()
            self.welcomed.set_result(None)
        else:
            raise ProtocolError("the socket's owner does not know this run's secret")

    def on_bad(self, error: ProtocolError) -> None:
        _log.warning("closing a socket: %s", error)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.welcomed.done():
            self.welcomed.set_exception(ConnectionError("closed during the handshake"))
            self.welcomed.exception()  # seen: nobody may be waiting any more
        else:
            self._on_closed(self)

    # Carrier
    def carry(self, frame: bytes, *, large: bool) -> None:
        """Send a DATA frame; a large one goes beside the socket, through the object store."""
        if large:
            self._send_large(frame)
        else:
            self.send(frame)


async def connect(path: str, make: Callable[[], ClientConnection]) -> ClientConnection:
    """Connect and shake hands. Raises ``OSError`` or ``TimeoutError`` when there is no way."""
    loop: Any = asyncio.get_running_loop()
    connection: ClientConnection | None = None
    try:
        async with asyncio.timeout(HANDSHAKE_S):
            _, connection = await loop.create_unix_connection(make, path)
            assert connection is not None
            await connection.welcomed
    except BaseException:
        if connection is not None:
            connection.close()
        raise
    return connection
