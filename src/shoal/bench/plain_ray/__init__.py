"""The baselines: plain Ray actors that do each row's work, as somebody who knows Ray well would write them.

The rules, which shoal's sides follow too:

* Async actors with ``num_cpus=0``, one process each; the client is this process.
* A message is typed on both ends and *validated* by its receiver before it is handled: the sender packs a
  Pydantic model to msgpack bytes, the receiver unpacks and validates it.
* It counts when it is handled. Receivers count; senders keep a bounded number of calls in flight.
* What was fastest stays. Each module says what else was tried, with figures. They were taken in turns in one
  run on a machine of 2 cores shared with other work (medians of 5-7 rounds, +-15 %), so they say which
  variant is better and not how fast Ray is.

For all rows: packing by hand costs code, and it is faster than what one writes first. Passing the model
itself lets Ray pickle it: 1,170 tells/s and 1,209 asks/s against 1,415 and 1,418 with packed bytes, although
a pickled model is not validated at all. JSON by Pydantic instead of msgpack: 1,353 and 1,438, the same within
the noise. Synchronous actors would be some 1.6 times as fast as async ones in a tell (1,964 against 1,184),
but an agent awaits models and other agents, which a synchronous actor cannot do without blocking its mailbox.

The client's loops run in a thread with ``ray.get``: the same work awaited in the event loop took 10-25 % more
CPU (gathering ObjectRefs wraps each in a future).
"""

from __future__ import annotations

from collections.abc import Mapping

from shoal.bench.plain_ray.ask import BatchedAsks, PlainAskOneByOne, PlainAsks
from shoal.bench.plain_ray.coral import PlainCoral
from shoal.bench.plain_ray.creation import PlainCreation
from shoal.bench.plain_ray.fan import BatchedFan, PlainFan
from shoal.bench.plain_ray.restart import PlainRestart
from shoal.bench.plain_ray.ring import BatchedRing, PlainRing
from shoal.bench.plain_ray.swarm import PlainSwarm
from shoal.bench.plain_ray.teams import TEAMS
from shoal.bench.plain_ray.tell import BatchedTell, PlainTell
from shoal.bench.sides import SideFactory

PLAIN: Mapping[str, SideFactory] = {
    "tell": PlainTell,
    "ask": PlainAskOneByOne,
    "ask64": PlainAsks,
    "hop1": lambda: PlainRing(tokens=1),
    "hop64": lambda: PlainRing(tokens=64),
    "fan": PlainFan,
    "create": lambda: PlainCreation(agents=8),
    "cells": lambda: PlainCreation(agents=20),
    "restart": PlainRestart,
    **TEAMS,
    "swarm": PlainSwarm,
    "coral": PlainCoral,
}
"""One call a message, by row."""

BATCHED: Mapping[str, SideFactory] = {
    "tell": BatchedTell,
    "ask64": BatchedAsks,
    "hop64": BatchedRing,
    "fan": BatchedFan,
}
"""64 messages in one call, by row; the other rows have nothing to batch."""

__all__ = ["BATCHED", "PLAIN"]
