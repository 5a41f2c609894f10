"""Traces of a run on their way to a collector of OpenTelemetry, where the experiment names one (``output.otlp``)."""

from __future__ import annotations

import contextlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType

from shoal.experiments.explaining.live import traces_exported
from shoal.experiments.explaining.otel import OtlpExporter
from shoal.experiments.running.plan import Plan


class Tracing:
    """Of one session. Entered before the system is started: an endpoint that cannot be is an error then."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._exporter: OtlpExporter | None = None
        self._after = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Tracing:
        endpoint = self._plan.experiment.output.otlp
        if endpoint is not None:
            self._exporter = OtlpExporter(endpoint, run=self._plan.run, version=_version())
            self._after.enter_context(self._exporter)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._after.aclose()

    async def begin(self, path: Path, now: float) -> None:
        """The run is there, in this directory. What ended in earlier sessions was sent by those."""
        if self._exporter is not None:
            ended_after = now if self._plan.resume else 0.0
            await self._after.enter_async_context(
                traces_exported(path, self._exporter, ended_after=ended_after)
            )


def _version() -> str:
    try:
        return version("shoal")
    except PackageNotFoundError:
        return ""
