"""Joins Ray: a cluster that runs already, or one of our own on this machine."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
from pathlib import Path
from typing import Any

import ray
from ray._private import worker as ray_worker

from shoal.runtime.errors import StartError
from shoal.runtime.ray.directory import NAMESPACE

_log = logging.getLogger("shoal.ray")


def join(address: str | None, *, connect_timeout_s: float = 20.0) -> bool:
    """Connect this process to Ray; ``None`` starts a cluster on this machine. Returns whether we started one.

    A Ray session that the process has already is used as it is. Raises :class:`StartError`.
    """
    if ray.is_initialized():
        _check_same(address, connect_timeout_s)
        return False
    ours = address is None
    options: dict[str, Any] = {
        "address": "local" if ours else address,
        "namespace": NAMESPACE,
        "logging_level": logging.ERROR,
        "log_to_driver": True,
        "configure_logging": False,
    }
    if ours:
        options["include_dashboard"] = False
    elif address != "auto":
        _check_reachable(str(address), connect_timeout_s)
    # Ray's own wait for an address that does not answer is a minute, and ends the process in some versions.
    os.environ.setdefault("RAY_gcs_server_request_timeout_seconds", str(int(connect_timeout_s)))
    logging.getLogger("ray").setLevel(logging.ERROR)
    _keep_raylet_off_the_terminal()
    try:
        ray.init(**options)
    except Exception as exc:  # ConnectionError, RuntimeError, ValueError, RaySystemError, by what failed
        with contextlib.suppress(Exception):
            ray.shutdown()
        raise StartError(_remedy(address, exc)) from exc
    if ours:
        _protect_token()
    return ours


def _check_same(address: str | None, timeout_s: float) -> None:
    """A process has one Ray session at a time: an address asked for by name must be that session's."""
    if address is None or address == "auto":
        return
    _check_reachable(address, timeout_s)
    current = ray.get_runtime_context().gcs_address
    if address.removeprefix("ray://") != current:
        raise StartError(
            f"this process is connected to the Ray cluster at {current} already, so it cannot join {address!r} too: "
            "call ray.shutdown() first, or use another process"
        )


def leave() -> None:
    """Disconnect; ends the cluster when this process started it."""
    ray.shutdown()


def _remedy(address: str | None, exc: Exception) -> str:
    reason = str(exc).strip().splitlines()[0] if str(exc).strip() else type(exc).__name__
    if address is None:
        return f"Ray could not be started on this machine: {reason}"
    if address.startswith("ray://") and "client" in reason.lower():
        return f"{reason}. `ray://` addresses need Ray's client: pip install 'ray[client]'"
    return (
        f"no Ray cluster can be reached at {address!r}: {reason}. Start one with `ray start --head`, check the "
        "address, or leave it out to start Ray on this machine"
    )


def _check_reachable(address: str, timeout_s: float) -> None:
    """Fail fast on an address nobody listens at: Ray itself would try for a minute."""
    import socket  # noqa: PLC0415 - only for explicit addresses

    plain = address.removeprefix("ray://")
    name, _, port = plain.rpartition(":")
    if not name or not port.isdigit():
        raise StartError(
            f"{address!r} is no address of a Ray cluster: give host:port, ray://host:port, or 'auto'"
        )
    try:
        socket.create_connection((name.strip("[]"), int(port)), timeout=timeout_s).close()
    except OSError as exc:
        raise StartError(_remedy(address, exc)) from exc


def _keep_raylet_off_the_terminal() -> None:
    """Send what raylets have to say to the log ``shoal.ray`` (info) instead of standard output.

    They warn of many actors and report each process that ends, also those we end. Whatever concerns an agent comes
    to its asker as a typed error anyway. Ray has no option for it (ray-project/ray#63800), so its printer is wrapped;
    what workers print passes through. A Ray without that printer is left as it is.
    """
    printer = getattr(ray_worker, "print_to_stdstream", None)
    if printer is None or hasattr(printer, "__wrapped__"):
        return

    @functools.wraps(printer)
    def quieter(data: dict[str, Any], *arguments: Any, **options: Any) -> None:
        if data.get("pid") == "raylet":
            _log.info("raylet: %s", " ".join(data.get("lines", ())))
        else:
            printer(data, *arguments, **options)

    ray_worker.print_to_stdstream = quieter


def _protect_token() -> None:
    """Ray 2.60 makes its token file readable by all (0644); it lets anyone run code here."""
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
    with contextlib.suppress(OSError):
        if path.is_file() and path.stat().st_mode & 0o077:
            path.chmod(0o600)
