"""The Ray that a bench runs on: one of its own on this machine, started as shoal starts its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import ray

from shoal.bench.sides import Stage
from shoal.runtime.ray.session import join, leave


@contextmanager
def ray_stage() -> Iterator[Stage]:
    """A stage with a Ray; raises :class:`shoal.runtime.errors.StartError`. Leaves no process behind.

    A Ray that this process is connected to already is used as it is, and left running.
    """
    ours = join(None)
    try:
        yield Stage(address=ray.get_runtime_context().gcs_address)
    finally:
        if ours:
            leave()
