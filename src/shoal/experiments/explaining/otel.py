"""Traces as OpenTelemetry's spans, sent by OTLP over HTTP. The one module that imports opentelemetry, when it is used.

The ids of spans follow from what they are about (:mod:`shoal.runtime.journal.trace_ids`): exporting a run again sends
the same spans.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from shoal.experiments.explaining.errors import ExportFailed, OtelMissing
from shoal.experiments.explaining.following import Follower
from shoal.experiments.explaining.gathering import read_trace
from shoal.experiments.explaining.node import Kind, Node
from shoal.experiments.explaining.span_attributes import words_of
from shoal.experiments.explaining.trace import Trace
from shoal.runtime.errors import ConfigError
from shoal.runtime.journal.reader import RunReader

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

_PATH = "/v1/traces"
_BATCH = 512
_TIMEOUT_S = 10.0


class OtlpExporter:
    """Sends traces to a collector. Not for several threads at once; it waits for the collector."""

    def __init__(self, endpoint: str, *, run: str, version: str = "", timeout_s: float = _TIMEOUT_S) -> None:
        """``endpoint``: as ``http://127.0.0.1:4318``; a path other than ``/v1/traces`` is kept as the collector's own.

        ``timeout_s``: for each batch, repetitions included. Raises :class:`OtelMissing` without the extra, and
        :class:`ConfigError` for an endpoint that is no ``http`` or ``https`` address.
        """
        self.endpoint = traces_url(endpoint)
        self.sent = 0
        """Spans that the collector took."""
        sdk = _sdk()
        attributes = {
            "service.name": "shoal",
            "shoal.run": run,
            "service.version": version,
            "shoal.version": version,
        }
        self._resource = sdk.Resource.create({key: value for key, value in attributes.items() if value})
        self._scope = sdk.InstrumentationScope("shoal", version or None)
        self._exporter = sdk.OTLPSpanExporter(endpoint=self.endpoint, timeout=timeout_s)

    def export(self, traces: Iterable[Trace]) -> int:
        """Send the spans of these traces; how many they were. Raises :class:`ExportFailed`."""
        before = self.sent
        batch: list[ReadableSpan] = []
        for trace in traces:
            for span in self._spans(trace):
                batch.append(span)
                if len(batch) >= _BATCH:
                    self._send(batch)
                    batch = []
        self._send(batch)
        return self.sent - before

    def close(self) -> None:
        """Let go of the connection."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def __enter__(self) -> OtlpExporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, batch: Sequence[ReadableSpan]) -> None:
        if not batch:
            return
        try:
            result = self._exporter.export(batch)
        except Exception as exc:  # whatever the library's transport raises
            raise self._failed(f"{type(exc).__name__}: {exc}") from exc
        if result.name != "SUCCESS":
            raise self._failed("the collector did not take them; the log of opentelemetry says why")
        self.sent += len(batch)

    def _failed(self, why: str) -> ExportFailed:
        return ExportFailed(
            f"spans could not be sent to {self.endpoint}: {why}. Is a collector for OTLP over HTTP there?",
            endpoint=self.endpoint,
            sent=self.sent,
        )

    def _spans(self, trace: Trace) -> Iterator[ReadableSpan]:
        above: list[Node] = []
        ended_at = trace.ended_at
        for depth, node in trace.root.walk():
            del above[depth:]
            yield self._span(trace, node, above[-1] if above else None, ended_at)
            above.append(node)

    def _span(self, trace: Trace, node: Node, parent: Node | None, ended_at: float) -> ReadableSpan:
        sdk = _sdk()
        words = words_of(node, trace.facts)
        begin = node.at if node.at is not None else trace.facts.submitted_at
        open_task = node.kind is Kind.TASK and node.took_s is None
        end = ended_at if open_task else begin + max(0.0, node.took_s or 0.0)
        events = [
            sdk.Event(note.kind, {"agent": note.agent, "reason": note.text[:1000]}, _ns(note.at))
            for note in node.notes
        ]
        if node.kind is Kind.MESSAGE and node.queued_s:
            events.append(sdk.Event("queued", {"shoal.queued_s": node.queued_s}, _ns(begin - node.queued_s)))
        failed = node.failed or (node.kind is Kind.TASK and bool(trace.facts.error))
        status = sdk.Status(sdk.StatusCode.ERROR, node.outcome) if failed else sdk.Status(sdk.StatusCode.OK)
        span: ReadableSpan = sdk.ReadableSpan(
            name=words.name,
            context=self._context(trace, node),
            parent=self._context(trace, parent) if parent is not None else None,
            resource=self._resource,
            attributes=words.attributes,
            events=events,
            kind=sdk.SpanKind[words.kind.upper()],
            status=status,
            start_time=_ns(begin),
            end_time=_ns(end),
            instrumentation_scope=self._scope,
        )
        return span

    def _context(self, trace: Trace, node: Node) -> Any:
        sdk = _sdk()
        return sdk.SpanContext(
            int(trace.id, 16),
            int(node.id, 16),
            is_remote=False,
            trace_flags=sdk.TraceFlags(sdk.TraceFlags.SAMPLED),
        )


def export(
    run: Path, endpoint: str, tasks: Iterable[str] | None = None, *, timeout_s: float = _TIMEOUT_S
) -> int:
    """Send the traces of a run's tasks, all that have ended or those named; how many spans they were.

    ``run``: its directory. Raises as :class:`OtlpExporter`, and ``TaskUnknown``, ``RunNotFound``, ``StoreError``.
    """
    with RunReader(run) as reader:
        name, version = reader.manifest.run, reader.manifest.shoal
        with OtlpExporter(endpoint, run=name, version=version, timeout_s=timeout_s) as exporter:
            if tasks is not None:
                return exporter.export(read_trace(reader, task) for task in tasks)
            with Follower(run, exporter) as follower:
                follower.poll(float("inf"))
            return exporter.sent


def traces_url(endpoint: str) -> str:
    """Where traces are posted to. Raises :class:`ConfigError` for what is no address of HTTP."""
    parts = urlsplit(endpoint.strip())
    try:
        bad = (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or (parts.port is not None and not parts.port)
        )
    except ValueError:  # a port that is no number
        bad = True
    if bad:
        raise ConfigError(f"{endpoint!r} is no address of a collector: give one as http://127.0.0.1:4318")
    path = parts.path.rstrip("/")
    return urlunsplit(parts._replace(path=path if path.endswith(_PATH) else path + _PATH))


class _Sdk:
    """The names of the library that are used."""

    def __init__(self) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import Event, ReadableSpan  # noqa: PLC0415
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415
        from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags  # noqa: PLC0415

        self.OTLPSpanExporter = OTLPSpanExporter
        self.Resource = Resource
        self.Event = Event
        self.ReadableSpan = ReadableSpan
        self.InstrumentationScope = InstrumentationScope
        self.SpanContext = SpanContext
        self.SpanKind = SpanKind
        self.Status = Status
        self.StatusCode = StatusCode
        self.TraceFlags = TraceFlags


@cache
def _sdk() -> _Sdk:
    try:
        return _Sdk()
    except ImportError as exc:
        raise OtelMissing(f"exporting traces needs OpenTelemetry: pip install 'shoal[otel]' ({exc})") from exc


def _ns(at: float) -> int:
    return round(at * 1_000_000) * 1000
