"""Traces of a run on their way to a collector of OpenTelemetry, where the experiment names one (``output.otlp``)."""

from __future__ import annotations

import asyncio
import contextlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType

from shoal.experiments.explaining.live import traces_exported
from shoal.experiments.explaining.otel import OtlpExporter
from shoal.experiments.running.plan import Plan
from shoal.runtime.journal.reader import RunReader


class Tracing:
    """Of one session. Entered before the system is started: an endpoint that cannot be is an error then."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._exporter: OtlpExporter | None = None
        self._ended_after = 0.0
        self._after = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Tracing:
        endpoint = self._plan.experiment.output.otlp
        if endpoint is not None:
            self._exporter = OtlpExporter(endpoint, run=self._plan.run, version=_version())
            self._after.enter_context(self._exporter)
            if self._plan.resume:
                self._ended_after = await asyncio.to_thread(_sent_until, self._plan.path)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._after.aclose()

    async def begin(self, path: Path) -> None:
        """The run is there, in this directory. What ended in earlier sessions was sent by those that ended in order."""
        if self._exporter is not None:
            await self._after.enter_async_context(
                traces_exported(path, self._exporter, ended_after=self._ended_after)
            )


def _sent_until(path: Path) -> float:
    """When the last session ended in order. What those had sent that were killed since, nobody knows: it is sent again,
    with the same ids."""
    with RunReader(path) as reader:
        sessions = reader.sessions()
    ended = [session.ended_at for session in sessions if session.ended_at is not None]
    return max(ended, default=0.0)


def _version() -> str:
    try:
        return version("shoal")
    except PackageNotFoundError:
        return ""
