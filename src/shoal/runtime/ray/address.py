"""The address of a running cluster: read, and tried, before Ray is let near it.

Ray tries an address that does not answer for a minute, writes what it tries to the terminal, and says about a wrong
port only that it failed. Three quick looks tell more: does somebody listen, does it speak HTTP/2 as all of Ray's
services do, and does the cluster's control service (GCS) let us in.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

from ray import _raylet
from ray._private import services
from ray.exceptions import AuthenticationError, RpcError

from shoal.runtime.errors import StartError

_compiled: Any = _raylet  # its stub knows but a part of it
_services: Any = services
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
"""How an HTTP/2 client begins: the preface and an empty SETTINGS frame (RFC 9113, section 3.4)."""
_SETTINGS = 4
_FRAME_HEAD = 9
_PING_S = 10.0
_MODE = "RAY_AUTH_MODE"
REMEDY = "Start one with `ray start --head`, check the address, or leave it out to start Ray on this machine"


class Address(NamedTuple):
    """Where a cluster is."""

    text: str
    """As the user gave it."""
    place: str
    """``host:port``."""
    client: bool
    """Whether it means Ray's client server (``ray://``) and not the cluster itself."""


def read_address(text: str) -> Address:
    """``host:port`` or ``ray://host:port``. Raises :class:`StartError` for anything else."""
    place = text.removeprefix("ray://")
    host, _, port = place.rpartition(":")
    if not host or "/" in host or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65536:
        raise StartError(
            f"{text!r} is no address of a Ray cluster: give host:port, ray://host:port, or 'auto'"
        )
    return Address(text, place, text.startswith("ray://"))


def find_cluster() -> Address:
    """The cluster that this machine is part of ("auto"). Raises :class:`StartError`."""
    if hasattr(_services.find_gcs_addresses, "cache_clear"):  # newer ones remember what they found
        _services.find_gcs_addresses.cache_clear()
    try:
        place = _services.get_ray_address_from_environment("auto", None)
    except ConnectionError as exc:
        raise StartError(f"no Ray cluster runs on this machine. {REMEDY}") from exc
    return Address("auto", place, False)


def reach(address: Address, timeout_s: float) -> bool:
    """See that a gRPC server listens there; returns whether on this machine. Raises :class:`StartError`."""
    host, _, port = address.place.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=timeout_s) as line:
            near: bool = line.getsockname()[0] == line.getpeername()[0]
            answers = _greet(line, timeout_s)
    except OSError as exc:
        raise StartError(f"no Ray cluster can be reached at {address.text!r}: {exc}. {REMEDY}") from exc
    if not answers:
        raise StartError(
            f"what listens at {address.text!r} is no Ray cluster: it does not speak Ray's protocol. {REMEDY}"
        )
    return near


def _greet(line: socket.socket, timeout_s: float) -> bool:
    """Whether the other end speaks HTTP/2. Behind TLS nothing can be said."""
    if os.environ.get("RAY_USE_TLS", "").lower() in ("1", "true"):
        return True
    line.settimeout(min(timeout_s, 5.0))
    head = b""
    try:
        line.sendall(_GREETING)
        while len(head) < _FRAME_HEAD and (more := line.recv(_FRAME_HEAD - len(head))):
            head += more
    except OSError:  # silent, or it hung up
        return False
    return len(head) == _FRAME_HEAD and head[3] == _SETTINGS


def cluster_at(address: Address) -> str:
    """The id of the cluster there. Raises :class:`StartError`, with ``token_wanted`` if it is for that.

    To be called after :func:`reach`: it would wait long for somebody who does not answer.
    """
    try:
        with _terminal_kept_clean():
            return str(_compiled.GcsClient(address=address.place).cluster_id)
    except AuthenticationError as exc:
        raise _token_wanted(address.text) from exc
    except RpcError as exc:  # a gRPC server that knows nothing of a cluster's control service
        raise StartError(
            f"what listens at {address.text!r} is not the port of a Ray cluster: {exc}. `ray start` shows the port "
            "(6379, unless it is told another); the port of Ray's client server (10001) is meant by ray://host:port"
        ) from exc


def greet_client_server(address: Address) -> None:
    """See that Ray's client server answers. Raises :class:`StartError`, with ``token_wanted`` if it is for that.

    Ray's client does the same, but takes half a minute for a no and does not tell why.
    """
    if importlib.util.find_spec("grpc") is None:
        raise StartError(f"{address.text!r} needs Ray's client: pip install 'shoal[client]'")
    from ray._private.grpc_utils import init_grpc_channel  # noqa: PLC0415 - these two need grpc, an extra
    from ray.core.generated import ray_client_pb2, ray_client_pb2_grpc  # noqa: PLC0415

    words: Any = ray_client_pb2
    stub: Any = ray_client_pb2_grpc.RayletDriverStub
    request = words.ClusterInfoRequest(type=words.ClusterInfoType.PING)
    with init_grpc_channel(address.place) as channel:
        try:
            stub(channel).ClusterInfo(request, timeout=_PING_S)
        except Exception as exc:  # grpc.RpcError, of a module that mypy need not have
            code = exc.code() if hasattr(exc, "code") else None
            raise _no_client_server(address, getattr(code, "name", ""), exc) from exc


def _no_client_server(address: Address, code: str, exc: Exception) -> StartError:
    if code == "UNAUTHENTICATED":
        return _token_wanted(address.text)
    if code == "UNIMPLEMENTED":
        return StartError(
            f"what listens at {address.text!r} is not Ray's client server: give its port (10001, unless `ray start` is "
            f"told another), or, if this is the port of a cluster, {address.place!r} without ray://"
        )
    return StartError(f"Ray's client server at {address.text!r} does not answer: {code or exc}")


def _token_wanted(text: str) -> StartError:
    where = "RAY_AUTH_TOKEN or ~/.ray/auth_token"
    if os.environ.get(_MODE, "").lower() == "token":
        words = f"does not accept the token of this process: put the cluster's into {where}"
    else:
        words = f"asks for a token: set {_MODE}=token, and put the cluster's token into {where}"
    return StartError(f"the Ray cluster at {text!r} {words}", token_wanted=True)


def use_own_token() -> bool:
    """Show the token that this user has from now on, if there is one. ``RAY_AUTH_MODE`` has the last word."""
    if os.environ.get(_MODE) is not None or not _has_token():
        return False
    os.environ[_MODE] = "token"
    _compiled.Config.initialize("")  # Ray has read its environment when it was imported
    return True


def _has_token() -> bool:
    return bool(_compiled.AuthenticationTokenLoader.instance().has_token(ignore_auth_mode=True))


@contextlib.contextmanager
def _terminal_kept_clean() -> Iterator[None]:
    """Drop what Ray's C++ writes to standard error for some milliseconds: the error that follows says it better."""
    try:
        kept = os.dup(2)
    except OSError:  # there is none
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
