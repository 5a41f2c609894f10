"""One Ray session for several runs: starting Ray takes longer than many a run.

A system that is started while its process is connected to Ray uses that connection, and leaves it when it ends. So
whoever does several runs connects before the first.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from types import TracebackType

from shoal.experiments.running.plan import Plan
from shoal.experiments.running.settings import settings_of
from shoal.runtime.starting import session


class KeptSession:
    """Between the runs of one program. Connects on the main thread: Ray sets signal handlers."""

    def __init__(self) -> None:
        self._kept = contextlib.ExitStack()
        self._of = ""

    def __enter__(self) -> KeptSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kept.close()

    def keep_for(self, plan: Plan) -> None:
        """Be connected where this run is to be. Raises ``StartError``, :class:`BadExperiment`."""
        settings = settings_of(plan.experiment, Path(plan.environment.folder), plan.address, runs=plan.root)
        runtime_env = settings.get("runtime_env", {})
        of = json.dumps([plan.address, runtime_env], sort_keys=True)
        if of == self._of:
            return
        self._kept.close()
        self._of = ""
        if plan.address != "local":
            self._kept.enter_context(session(plan.address, runtime_env))
        self._of = of
