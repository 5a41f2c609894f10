"""One node's metrics on Ray: who serves them, and how the figures of the node's hosts come together.

On the client's node the client serves: it is there before any host, and the system ends with it. On any other
node the hosts elect one of them, and the next when that one dies. Who serves asks the others on each scrape,
so that figures are never older than the scrape.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError
from ray.util import client as ray_client

from shoal.runtime.election import Election
from shoal.runtime.errors import ShoalError, StartError
from shoal.runtime.metrics_endpoint import MetricsServer
from shoal.runtime.metrics_snapshot import Snapshot, silent
from shoal.runtime.ray.calls import actor_by_name
from shoal.runtime.ray.directory import NAMESPACE
from shoal.runtime.ray.records import HostInfo
from shoal.runtime.ray.settings import Settings

_log = logging.getLogger("shoal.metrics")
_ANSWER_S = 1.0
"""How long a host, and before that the directory, may take to answer a scrape."""
_RETRY_S = (1.0, 30.0)
"""First and longest pause before a port that is in use is tried again."""


def own_node() -> str:
    """The Ray node this process runs on; "" for a client that is connected by ``ray://`` from anywhere."""
    if ray_client.ray.is_connected():  # type: ignore[no-untyped-call]
        return ""
    node: str = ray.get_runtime_context().get_node_id()
    return node


def own_machine() -> str:
    """The address that other machines reach this one by, as Ray knows it."""
    address: str = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
    return address


class NodeMetrics:
    """Gathers the figures of the hosts of ``node``. ``own`` gives this process's; the others are called."""

    def __init__(self, node: str, own: Callable[[], Snapshot], directory: Callable[[], Any]) -> None:
        self._node = node
        self._own = own
        self._directory = directory

    def gather(self) -> list[Snapshot]:
        """A snapshot of every host of the node, this one first. Blocks, for 2 s at most."""
        own = self._own()
        calls: dict[Any, str] = {}
        found = [own]
        for info in self._hosts():
            if info.node != self._node or info.name == own.host:
                continue
            actor = actor_by_name(info.actor, NAMESPACE)
            if actor is None:
                found.append(silent(info.name))
            else:
                calls[actor.metrics.remote()] = info.name
        return found + _answers(calls)

    def _hosts(self) -> list[HostInfo]:
        if not self._node:
            return []
        try:
            hosts: list[HostInfo] = ray.get(self._directory().hosts.remote(), timeout=_ANSWER_S)
        except (RayError, ShoalError) as exc:
            _log.warning("the metrics of other hosts are missing: the directory did not answer (%s)", exc)
            return []
        return hosts


def _answers(calls: dict[Any, str]) -> list[Snapshot]:
    if not calls:
        return []
    ready, late = ray.wait(list(calls), num_returns=len(calls), timeout=_ANSWER_S)
    answers = [silent(calls[call]) for call in late]
    for call in ready:
        try:
            good, value = ray.get(call, timeout=_ANSWER_S)
        except (RayError, GetTimeoutError):
            good, value = False, None
        answers.append(value if good else silent(calls[call]))
    return answers


class MetricsCandidate:
    """A host's part in its node's endpoint: stands for election and serves once it is elected."""

    def __init__(
        self, settings: Settings, metrics: NodeMetrics, info: HostInfo, directory: Callable[[], Any]
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._info = info
        self._directory = directory

    def stand(self) -> None:
        """Begin, unless metrics are off or the client serves this node."""
        settings = self._settings
        if settings.config.metrics_port is None or self._info.node == settings.client_node:
            return
        # Several Ray nodes can be on one machine (tests, containers that share /tmp): a lock for each.
        Election(settings.socket_dir() / f"metrics-{self._info.node}.lock", self._serve).stand()

    def _serve(self) -> None:
        url = self._open().url
        _log.info("%s serves the metrics of node %s at %s", self._info.name, self._info.node, url)
        try:
            ray.get(self._directory().serves.remote(self._info.name, self._info.incarnation, url))
        except (RayError, ShoalError) as exc:
            _log.info("the metrics endpoint at %s could not be made known: the system ended (%s)", url, exc)

    def _open(self) -> MetricsServer:
        """The server, as soon as its port is free."""
        port = self._settings.config.metrics_port or 0
        pause_s, longest_s = _RETRY_S
        level = logging.WARNING
        while True:
            try:
                listen = self._settings.config.metrics_host
                return MetricsServer(port, self._metrics.gather, listen=listen, known_as=own_machine())
            except StartError as error:
                _log.log(level, "node %s has no metrics endpoint yet: %s", self._info.node, error)
            level = logging.INFO
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, longest_s)
