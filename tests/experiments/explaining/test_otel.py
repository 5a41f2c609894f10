"""Traces at a collector: a local server takes what is posted and reads it with OpenTelemetry's own classes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from shoal.experiments.explaining.errors import ExportFailed
from shoal.experiments.explaining.node import Kind
from shoal.experiments.explaining.otel import OtlpExporter, export, traces_url
from shoal.experiments.explaining.span_attributes import words_of
from shoal.experiments.explaining.trace import Trace, make_trace, root_span_id
from shoal.runtime.errors import ConfigError
from shoal.runtime.journal.trace_ids import message_span_id, trace_id
from tests.experiments.explaining.scene import BEGIN, TASK, event, facts, hex_id, message, model, span, team


class Collector:
    """What a collector was sent."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("")
        self.requests: list[ExportTraceServiceRequest] = []
        server.expect_request("/v1/traces", method="POST").respond_with_handler(self._take)

    def _take(self, request: Request) -> Response:
        body = request.get_data()
        if request.headers.get("Content-Encoding") == "gzip":
            import gzip

            body = gzip.decompress(body)
        self.requests.append(ExportTraceServiceRequest.FromString(body))
        return Response(b"", content_type="application/x-protobuf")

    @property
    def spans(self) -> list[Span]:
        return [
            one for request in self.requests for resource in request.resource_spans
            for scope in resource.scope_spans for one in scope.spans
        ]  # fmt: skip

    def resource(self) -> dict[str, str]:
        return {
            one.key: one.value.string_value for one in self.requests[0].resource_spans[0].resource.attributes
        }


@pytest.fixture
def collector(httpserver: HTTPServer) -> Collector:
    return Collector(httpserver)


def attributes(one: Span) -> dict[str, object]:
    """The attributes of a span as plain values."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value") or "") for each in one.attributes}


def a_trace() -> Trace:
    spans = [
        model("b", "team/one", 0.2, given=1204, taken=312, usd=0.25, endpoint="https://api.openai.com/v1",
              cached_tokens=100, first_token_s=0.1, retries=1),
        span("b", "team/one", "tool", "look_up", 0.3, outcome="ToolFailed", data={"tool": "look_up"}),
        span("d", "team/writer", "board", "put", 1.1, data={"region": "main", "operation": "put", "key": "k"}),
    ]  # fmt: skip
    return make_trace(facts(), team(), spans, [event("restarting", "team/one", 0.3, reason="killed")])


def test_each_part_of_a_task_is_a_span_of_one_trace_under_the_one_it_lies_in(collector: Collector) -> None:
    with OtlpExporter(collector.url, run="run", version="1.2") as exporter:
        assert exporter.export([a_trace()]) == 9
    spans = {one.name: one for one in collector.spans}
    assert len(spans) == 9
    assert {one.trace_id.hex() for one in spans.values()} == {trace_id("run", TASK)}
    assert spans[f"task {TASK}"].parent_span_id == b""
    assert spans["team handles Ticket"].parent_span_id.hex() == root_span_id("run", TASK)
    assert spans["team handles Ticket"].span_id.hex() == message_span_id(hex_id("a"))
    assert spans["chat tiny"].parent_span_id.hex() == message_span_id(hex_id("b"))
    assert collector.resource() | {"shoal.run": "run", "shoal.version": "1.2", "service.name": "shoal"} == (
        collector.resource()
    )


def test_a_model_call_speaks_the_conventions_for_generative_models(collector: Collector) -> None:
    with OtlpExporter(collector.url, run="run") as exporter:
        exporter.export([a_trace()])
    call = next(one for one in collector.spans if one.name == "chat tiny")
    said = attributes(call)
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "tiny",
        "gen_ai.usage.input_tokens": 1204,
        "gen_ai.usage.output_tokens": 312,
        "gen_ai.usage.cache_read.input_tokens": 100,
        "gen_ai.agent.name": "team/one",
        "server.address": "api.openai.com",
        "server.port": 443,
        "shoal.usd": 0.25,
        "shoal.retries": 1,
        "shoal.task": TASK,
    }
    assert {key: said.get(key) for key in expected} == expected
    assert "gen_ai.response.model" not in said  # no answer says it
    assert call.kind == Span.SPAN_KIND_CLIENT
    assert (call.start_time_unix_nano, call.end_time_unix_nano) == (1_000_200_000_000, 1_000_250_000_000)


@pytest.mark.parametrize(
    ("endpoint", "server"),
    [
        ("http://127.0.0.1:8000/v1", ("127.0.0.1", 8000)),
        ("http://models.lan/v1", ("models.lan", 80)),
        ("https://[::1]:9/v1", ("::1", 9)),
        ("scripted", None),
        ("localhost:11434", None),
        ("http://host:nine", None),
        ("http://[::1", None),
        ("", None),
    ],
)
def test_a_server_has_an_address_and_a_port_or_neither(endpoint: str, server: tuple[str, int] | None) -> None:
    call = model("b", "team/one", 0.2, endpoint=endpoint, answered_by="tiny-2026")
    trace = make_trace(facts(), team(), [call])
    (node,) = [node for _, node in trace.root.walk() if node.kind is Kind.MODEL]
    said = words_of(node, trace.facts).attributes
    assert (said.get("server.address"), said.get("server.port")) == (server or (None, None))
    assert said["gen_ai.response.model"] == "tiny-2026"


def test_a_tool_that_failed_is_an_error_with_its_type(collector: Collector) -> None:
    with OtlpExporter(collector.url, run="run") as exporter:
        exporter.export([a_trace()])
    tool = next(one for one in collector.spans if one.name == "execute_tool look_up")
    said = attributes(tool)
    assert (said["gen_ai.operation.name"], said["gen_ai.tool.name"], said["error.type"]) == (
        "execute_tool", "look_up", "ToolFailed",
    )  # fmt: skip
    assert tool.status.code == 2


def test_queueing_and_restarts_are_events_of_the_handling(collector: Collector) -> None:
    with OtlpExporter(collector.url, run="run") as exporter:
        exporter.export([a_trace()])
    handling = next(one for one in collector.spans if one.name == "team/one handles Ticket")
    assert [each.name for each in handling.events] == ["restarting", "queued"]
    assert handling.kind == Span.SPAN_KIND_CONSUMER


def test_a_task_that_is_open_reaches_to_the_last_thing_that_is_known(collector: Collector) -> None:
    with OtlpExporter(collector.url, run="run") as exporter:
        exporter.export([make_trace(facts(ended_at=None, state="submitted"), team())])
    task = next(one for one in collector.spans if one.name == f"task {TASK}")
    assert task.end_time_unix_nano == int((BEGIN + 2.91) * 1e9)


def test_many_spans_go_in_batches(collector: Collector) -> None:
    entries = [*team(), *(message(f"m{n}", "a", "team", "team/one", 0.1) for n in range(1200))]
    with OtlpExporter(collector.url, run="run") as exporter:
        assert exporter.export([make_trace(facts(), entries)]) == 1206
    assert len(collector.requests) == 3


def test_a_run_is_exported_whole_and_the_same_each_time(collector: Collector, run_dir: Path) -> None:
    sent = export(run_dir, collector.url)
    first = sorted(one.span_id for one in collector.spans)
    assert sent == len(first) == len(set(first))
    assert {one.name for one in collector.spans if one.name.startswith("task ")} == {
        "task t-1",
        "task t-2",
        "task t-bad",
    }
    collector.requests.clear()
    assert export(run_dir, collector.url, ["t-1"]) == len(collector.spans)
    assert {one.span_id for one in collector.spans} < set(first)


def test_a_collector_that_refuses_is_an_error_that_names_it(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/traces").respond_with_data("no", status=400)
    with (
        OtlpExporter(httpserver.url_for(""), run="run", timeout_s=2.0) as exporter,
        pytest.raises(ExportFailed) as caught,
    ):
        exporter.export([a_trace()])
    assert httpserver.url_for("/v1/traces") in str(caught.value)
    assert caught.value.details["sent"] == 0


@pytest.mark.parametrize("bad", ["", "localhost:4318", "ftp://host", "http://", "http://host:nine"])
def test_an_endpoint_that_is_no_address_is_refused(bad: str) -> None:
    with pytest.raises(ConfigError, match=r"http://127\.0\.0\.1:4318"):
        traces_url(bad)


def test_an_endpoint_may_name_the_path_or_have_one_of_its_own() -> None:
    assert traces_url("http://h:4318") == traces_url("http://h:4318/v1/traces") == "http://h:4318/v1/traces"
    assert traces_url("https://h/otlp/?key=1") == "https://h/otlp/v1/traces?key=1"


def test_without_opentelemetry_the_extra_is_named() -> None:
    program = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from shoal.experiments.explaining.otel import OtlpExporter\n"
        "try: OtlpExporter('http://h', run='r')\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("OtelMissing")
    assert "shoal[otel]" in done.stdout


def test_explaining_does_not_import_opentelemetry() -> None:
    program = "import sys, shoal.experiments.explaining.trace_command; print('opentelemetry' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"
