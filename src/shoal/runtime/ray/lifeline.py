"""A host's hold on its system: when the system ends, or its client is gone, the process ends. No orphan stays.

The lifeline is a call on the system actor that returns at the orderly end and fails when that process died. Then the
client may be gone too (the actor is owned by it), or will start another system actor: on the client's node its process
is looked at, elsewhere a new system actor is waited for, for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil
import ray

from shoal.runtime.ray.patience import Patience
from shoal.runtime.ray.settings import Settings

_ORPHAN_S = 20.0
"""How long a host waits for a new system actor. Starting one takes a client 0.5 to 3 s on a loaded machine."""
_LOOK_S = 0.05


class Lifeline:
    """One process's."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._same_node = settings.client_node == ray.get_runtime_context().get_node_id()
        self.at_end: Callable[[], None] | None = None
        """Called in the lifeline's thread right before the process ends."""

    def hold(self) -> None:
        """Begin, in a daemon thread."""
        threading.Thread(target=self._live, name="shoal-lifeline", daemon=True).start()

    def _live(self) -> None:
        patience = Patience(_ORPHAN_S, time.monotonic())
        while not patience.over(time.monotonic()) and not self._client_is_gone():
            system = self._settings.directory()
            if system is not None:
                patience.seen(system._actor_id, time.monotonic())
                with contextlib.suppress(Exception):  # whatever the reason is, the line is cut
                    asyncio.run(self._hold_on(system))
                    break
                patience.lost(system._actor_id, time.monotonic())
            time.sleep(_LOOK_S)
        if self.at_end is not None:
            self.at_end()
        os._exit(0)

    async def _hold_on(self, system: Any) -> None:
        await system.lifeline.remote()

    def _client_is_gone(self) -> bool:
        if not self._same_node or not self._settings.client_pid:
            return False
        try:
            client = psutil.Process(self._settings.client_pid)
            return client.status() == psutil.STATUS_ZOMBIE or (
                abs(client.create_time() - self._settings.client_started) > 1.0
            )
        except psutil.Error:
            return True
