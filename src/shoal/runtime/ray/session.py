"""Joins Ray: a cluster that runs already, or one of our own on this machine."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ray
from ray._private import worker as ray_worker
from ray.util import client as ray_client

from shoal.runtime.errors import StartError
from shoal.runtime.ray.address import (
    REMEDY,
    cluster_at,
    find_cluster,
    greet_client_server,
    reach,
    read_address,
    use_own_token,
)
from shoal.runtime.ray.directory import NAMESPACE

_log = logging.getLogger("shoal.ray")


_IN_JOB = "RAY_JOB_CONFIG_JSON_ENV_VAR"
"""Set in a program that was submitted to a cluster (``ray job submit``)."""


def join(
    address: str | None, runtime_env: Mapping[str, Any] | None = None, *, connect_timeout_s: float = 20.0
) -> bool:
    """Connect this process to Ray. Returns whether a cluster was started for it.

    ``None`` starts one on this machine, unless ``RAY_ADDRESS`` names one (for a job submitted to a cluster Ray sets
    it). A Ray session that the process has already is used as it is, and so is the runtime environment that a submitted
    job has: what it says there counts, and ``runtime_env`` adds the rest. Raises :class:`StartError`.
    """
    if ray.is_initialized():
        _check_same(address, connect_timeout_s)
        return False
    named = os.environ.get("RAY_ADDRESS", "") if address in (None, "auto") else ""
    try:
        return _join(named or address or "local", _not_said(runtime_env or {}), connect_timeout_s)
    except StartError as error:
        if not named:
            raise
        raise StartError(f"{error} (the address is from the environment: RAY_ADDRESS)") from error


def _not_said(runtime_env: Mapping[str, Any]) -> dict[str, Any]:
    """What the job that this process belongs to does not say itself: Ray refuses what is said twice."""
    try:
        said = json.loads(os.environ.get(_IN_JOB) or "{}").get("runtime_env") or {}
    except (ValueError, AttributeError):
        said = {}
    rest = {key: value for key, value in runtime_env.items() if key not in said or key == "env_vars"}
    if "env_vars" in rest:
        known = said.get("env_vars") or {}
        rest["env_vars"] = {name: value for name, value in rest["env_vars"].items() if name not in known}
    return rest


def _join(address: str, runtime_env: dict[str, Any], timeout_s: float) -> bool:
    ours = address == "local"
    options: dict[str, Any] = {
        "address": address,
        "namespace": NAMESPACE,
        "logging_level": logging.ERROR,
        "log_to_driver": True,
        "configure_logging": False,
    }
    if runtime_env:
        options["runtime_env"] = runtime_env
    # Ray's own wait for an address that does not answer is a minute, and ends the process in some versions.
    os.environ.setdefault("RAY_gcs_server_request_timeout_seconds", str(int(timeout_s)))
    logging.getLogger("ray").setLevel(logging.ERROR)
    if ours:
        options["include_dashboard"] = False
    else:
        options["address"] = _prepared(address, timeout_s)
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


def _prepared(text: str, timeout_s: float) -> str:
    """The address to give to Ray, tried, and with a token where it takes one. Raises :class:`StartError`."""
    address = find_cluster() if text == "auto" else read_address(text)
    near = reach(address, timeout_s) or text == "auto"
    knock = greet_client_server if address.client else cluster_at
    try:
        knock(address)
    except StartError as error:
        # A cluster of this machine is shown the token that lies here, as Ray does by itself for "auto" only, and
        # then also to a cluster that wants none, which cannot call this process back. Others are not shown it unasked.
        if not (error.details.get("token_wanted") and near and use_own_token()):
            raise
        knock(address)
    return address.place if text == "auto" else text


def _check_same(address: str | None, timeout_s: float) -> None:
    """A process has one Ray session at a time: an address asked for by name must be that session's."""
    if address is None or address == "auto":
        return
    asked = read_address(address)
    reach(asked, timeout_s)
    current = ray.get_runtime_context().gcs_address
    if asked.client:
        same = asked.place == _client_place()
    else:
        same = asked.place == current or cluster_at(asked) == cluster_at(read_address(current))
    if not same:
        raise StartError(
            f"this process is connected to the Ray cluster at {current} already, so it cannot join {address!r} too: "
            "call ray.shutdown() first, or use another process"
        )


def _client_place() -> str | None:
    """Where the client server is that this process is connected to; ``None`` when it is connected otherwise."""
    context: Any = ray_client.ray
    worker = getattr(context.get_context(), "client_worker", None)
    return getattr(worker, "_conn_str", None)


def leave() -> None:
    """Disconnect; ends the cluster when this process started it."""
    ray.shutdown()


def _remedy(address: str, exc: Exception) -> str:
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()] or [type(exc).__name__]
    # What failed in another process comes as its traceback: the last line is the reason.
    reason = lines[-1] if any(line.startswith("Traceback") for line in lines) else " ".join(lines)
    if address == "local":
        return f"Ray could not be started on this machine: {reason}"
    return f"no Ray cluster can be joined at {address!r}: {reason}. {REMEDY}"


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
