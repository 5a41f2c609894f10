"""The scrape endpoint: a small HTTP server in a thread, on loopback unless told otherwise (``metrics_host``).

It serves ``/metrics`` also while the process's event loop is blocked. What it shows comes from ``gather``,
called anew for each scrape, off the event loop's thread; scrapes go one after the other.
"""

from __future__ import annotations

import errno
import logging
import socket
import socketserver
import threading
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, NamedTuple

from shoal.runtime.errors import StartError

if TYPE_CHECKING:
    from shoal.runtime.metrics_snapshot import Snapshot

_log = logging.getLogger("shoal.metrics")
_LOOPBACK = "127.0.0.1"
_OUR_NAMES = frozenset({_LOOPBACK, "localhost", "[::1]"})
_ANY = "0.0.0.0"
_CLIENT_S = 10.0
"""How long a scraper may take to say what it wants."""
_STOP_S = 3.0
"""Longest wait for a scrape in progress; one takes 2 s at most."""


class MetricsEndpoint(NamedTuple):
    """Where one node's metrics are served."""

    url: str
    """On the node's loopback address, or the one that it is reached by (``metrics_host``)."""
    node: str
    """Ray node id (hex), or ``local``."""
    host: str
    """The host that serves."""


class MetricsServer:
    """Serves the figures of one node. Raises :class:`StartError` when the port cannot be had."""

    def __init__(
        self,
        port: int,
        gather: Callable[[], Sequence[Snapshot]],
        *,
        listen: str = _LOOPBACK,
        known_as: str = "",
    ) -> None:
        """``listen``: the address to listen on. ``known_as``: what others reach it by, where that is any."""
        self._gather = gather
        self._listen = listen
        self._known_as = listen if listen != _ANY else known_as or socket.gethostname()
        self._closed = False
        self._scraping = threading.Lock()
        try:
            self._server = _Server(listen, port, self)
        except OSError as exc:
            raise StartError(_why_not(listen, port, exc)) from exc
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._serve, name="shoal-metrics", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where to scrape."""
        return f"http://{self._known_as}:{self.port}/metrics"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can ask it."""
        return self._listen in _OUR_NAMES

    def _serve(self) -> None:
        # Not serve_forever(): it wakes twice a second, and stopping it takes half a second.
        while not self._closed:
            self._server.handle_request()
        self._server.server_close()

    def scrape(self, accept: str) -> tuple[str, bytes] | None:
        """Content type and text; ``None`` when the server is being stopped."""
        from shoal.runtime.metrics import render  # noqa: PLC0415 - 50 ms that only who is scraped shall pay

        with self._scraping:
            snapshots = None if self._closed else self._gather()
        return None if snapshots is None else render(snapshots, accept)

    @property
    def closed(self) -> bool:
        """Whether it was stopped."""
        return self._closed

    def stop(self) -> None:
        """Free the port; when this returns ``gather`` does not run any more. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        try:
            near = _LOOPBACK if self._listen == _ANY else self._listen
            socket.create_connection((near, self.port), timeout=_STOP_S).close()  # wakes its thread
        except OSError as exc:
            _log.info("the metrics endpoint was gone already: %s", exc)
        self._thread.join(_STOP_S)
        if self._scraping.acquire(timeout=_STOP_S):
            self._scraping.release()


def _why_not(listen: str, port: int, exc: OSError) -> str:
    if exc.errno == errno.EADDRINUSE:
        return (
            f"metrics_port {port} is in use on {listen}: choose another one, end who has it, "
            "or set metrics_port=0 for any free port"
        )
    why = exc.strerror or exc
    if exc.errno == errno.EADDRNOTAVAIL or isinstance(exc, socket.gaierror):
        return f"metrics_host {listen} is no address of this machine ({why}): give one that is, or 0.0.0.0 for all"
    return f"metrics_port {port} cannot be served on {listen} ({why}): choose another one, or 0 for any"


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 16

    def __init__(self, listen: str, port: int, owner: MetricsServer) -> None:
        self.owner = owner
        # Not HTTPServer: it asks the resolver for the machine's name, which can take seconds.
        super().__init__((listen, port), _Request)

    def verify_request(self, request: object, client_address: object) -> bool:
        return not self.owner.closed

    def handle_error(self, request: object, client_address: object) -> None:
        _log.info("a scraper went away", exc_info=True)


class _Request(BaseHTTPRequestHandler):
    server: _Server
    timeout = _CLIENT_S
    server_version = "shoal"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        status, content_type, text = self._respond()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if body:
            self.wfile.write(text)

    def _respond(self) -> tuple[HTTPStatus, str, bytes]:
        name = self.headers.get("Host", _LOOPBACK).strip().lower()
        name = name if name.endswith("]") else name.rpartition(":")[0] or name
        if self.server.owner.is_local and name not in _OUR_NAMES:
            # A web page that points its own name at 127.0.0.1 (DNS rebinding) reads us through a browser.
            return _note(HTTPStatus.FORBIDDEN, f"ask for {_LOOPBACK} or localhost, not for {name!r}")
        if self.path.partition("?")[0] != "/metrics":
            return _note(HTTPStatus.NOT_FOUND, "the metrics are at /metrics")
        try:
            answer = self.server.owner.scrape(self.headers.get("Accept", ""))
        except Exception:
            _log.exception("a scrape failed")
            return _note(
                HTTPStatus.INTERNAL_SERVER_ERROR, "the scrape failed; the log of shoal.metrics says why"
            )
        if answer is None:
            return _note(HTTPStatus.SERVICE_UNAVAILABLE, "the system is shutting down")
        return HTTPStatus.OK, *answer

    def log_message(self, format: str, *arguments: object) -> None:
        _log.debug(format, *arguments)


def _note(status: HTTPStatus, text: str) -> tuple[HTTPStatus, str, bytes]:
    return status, "text/plain; charset=utf-8", f"{text}\n".encode()
