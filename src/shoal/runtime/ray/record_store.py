"""Keeps host records in Ray's own key-value store (the GCS), which outlives every process of a system but the head.

The system actor that writes them may be killed together with any of its hosts: its successor reads here what there
was. A record is a pickle of our own classes; who can write to the cluster's store can run code on it anyway.
"""

from __future__ import annotations

import pickle
from typing import Any

from ray.experimental import internal_kv

from shoal.runtime.ray.calls import actor_by_name
from shoal.runtime.ray.directory import NAMESPACE, directory_name
from shoal.runtime.ray.records import HostRecord

_NAMESPACE = b"shoal"


class RecordStore:
    """The records of one system. Calls take about 0.6 ms each (Ray 2.60, one machine)."""

    def __init__(self, system: str) -> None:
        self._prefix = f"{system}/".encode()

    def put(self, record: HostRecord) -> None:
        """Write or replace a record."""
        _kv("_internal_kv_put", self._prefix + record.name.encode(), pickle.dumps(record), True)

    def drop(self, name: str) -> None:
        """Forget a record."""
        _kv("_internal_kv_del", self._prefix + name.encode())

    def all(self) -> list[HostRecord]:
        """Every record there is."""
        found = (_kv("_internal_kv_get", key) for key in _kv("_internal_kv_list", self._prefix))
        return [pickle.loads(blob) for blob in found if blob]  # noqa: S301 - our own, from the cluster's store

    def clear(self) -> None:
        """The system has ended."""
        _kv("_internal_kv_del", self._prefix, del_by_prefix=True)


def sweep_stale_records() -> None:
    """Forget the records of systems whose clients were killed: those that have no system actor any more."""
    names = {key.partition(b"/")[0].decode() for key in _kv("_internal_kv_list", b"shoal-")}
    for name in names:
        if actor_by_name(directory_name(name), NAMESPACE) is None:
            RecordStore(name).clear()


def _kv(call: str, *arguments: Any, **options: Any) -> Any:
    return getattr(internal_kv, call)(*arguments, namespace=_NAMESPACE, **options)
