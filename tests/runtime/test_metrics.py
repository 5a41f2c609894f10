"""Metrics of one process: what is exported, that it is right, and how it is served."""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from pydantic import BaseModel

import shoal
from shoal.runtime.config import Config
from shoal.runtime.deadletters import Reason
from shoal.runtime.election import Election
from shoal.runtime.errors import AskTimeout, HandlerError, StartError
from shoal.runtime.host import Host
from shoal.runtime.metrics import render, render_text
from shoal.runtime.metrics_endpoint import MetricsServer
from shoal.runtime.metrics_snapshot import Snapshot, silent, take_snapshot
from shoal.runtime.stats import RoleStats

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Job(BaseModel):
    text: str


class Odd(BaseModel):
    n: int


class Doer(shoal.Agent):
    """Does what the job says."""

    async def on_job(self, job: Job, ctx: shoal.Context) -> str:
        if job.text == "raise":
            raise ValueError(job.text)
        if job.text == "wait":
            await asyncio.Event().wait()
        return job.text


def samples_of(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


def fetch(url: str, **headers: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
        return str(answer.read().decode())


async def served(system: shoal.System) -> str:
    (endpoint,) = await system.metrics_endpoints()
    return endpoint.url


# -- what is exported ----------------------------------------------------------------------------------------


def documented() -> Iterator[tuple[str, str, frozenset[str]]]:
    for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]+) \|", REFERENCE.read_text(), re.M):
        yield name, kind, frozenset(re.findall(r"`(\w+)`", labels))


async def test_the_reference_lists_exactly_what_is_exported_with_type_and_labels() -> None:
    async with shoal.start("local") as system:
        await system.spawn(Doer(), name="doer")
        stats = system._host.stats
        stats.model("m").calls["ok"] = 1
        stats.breakers["there"] = 0
        text = system.metrics_text()
    exported = {
        (
            family.name + ("_total" if family.type == "counter" else ""),
            family.type,
            frozenset(family.samples[0].labels) - {"le"},
        )
        for family in text_string_to_metric_families(text)
    }
    assert exported == set(documented())


async def test_handled_failed_cancelled_and_dead_messages_are_counted() -> None:
    async with shoal.start("local") as system:
        ref = await system.spawn(Doer(), name="doer")
        for _ in range(3):
            await ref.ask(Job(text="do"))
        with pytest.raises(HandlerError):
            await ref.ask(Job(text="raise"))
        with pytest.raises(shoal.errors.UnknownMessage):
            await ref.ask(Odd(n=1))
        with pytest.raises(AskTimeout):
            await ref.ask(Job(text="wait"), timeout_s=0.01)
        await ref.ask(Job(text="do"))
        samples = samples_of(system.metrics_text())
    who = {"role": "Doer", "host": "local"}
    assert value(samples, "shoal_agents", **who) == 1
    assert value(samples, "shoal_messages_handled_total", **who) == 4
    assert value(samples, "shoal_messages_failed_total", **who) == 2
    assert value(samples, "shoal_messages_cancelled_total", **who) == 1
    assert value(samples, "shoal_handling_seconds_count", **who) == 7
    assert value(samples, "shoal_handling_seconds_bucket", **who, le="+Inf") == 7
    assert value(samples, "shoal_queueing_seconds_count", **who) == 7
    assert value(samples, "shoal_dead_letters_total", host="local", reason="unknown_message") == 1
    assert value(samples, "shoal_open_asks", host="local") == 0
    assert value(samples, "shoal_host_up", host="local") == 1


async def test_every_reason_is_exported_before_the_first_dead_letter() -> None:
    async with shoal.start("local") as system:
        samples = samples_of(system.metrics_text())
    for reason in Reason:
        assert value(samples, "shoal_dead_letters_total", host="local", reason=reason.value) == 0


async def test_mailbox_depth_is_the_sum_and_the_maximum_over_the_agents_of_a_role() -> None:
    async with shoal.start("local") as system:
        gate = asyncio.Event()

        async def holder(job: Job) -> None:
            await gate.wait()

        one, two = await system.spawn(holder, name="one"), await system.spawn(holder, name="two")
        for ref, messages in ((one, 3), (two, 6)):
            for _ in range(messages):
                await ref.tell(Job(text="wait"))
        await asyncio.sleep(0)
        held = samples_of(system.metrics_text())
        gate.set()
        await one.ask(Job(text="do"))
        await two.ask(Job(text="do"))
        empty = samples_of(system.metrics_text())
    who = {"role": "holder", "host": "local"}
    # One of each agent's messages is in its handler.
    assert value(held, "shoal_mailbox_messages", **who) == 2 + 5
    assert value(held, "shoal_mailbox_messages_max", **who) == 5
    assert value(empty, "shoal_mailbox_messages", **who) == 0


async def test_counters_of_a_role_stay_when_its_agents_stop() -> None:
    async with shoal.start("local") as system:
        ref = await system.spawn(Doer(), name="doer")
        await ref.ask(Job(text="do"))
        await system.stop(ref)
        samples = samples_of(system.metrics_text())
    assert value(samples, "shoal_agents", role="Doer", host="local") == 0
    assert value(samples, "shoal_messages_handled_total", role="Doer", host="local") == 1


def test_buckets_are_cumulative_and_end_in_the_count() -> None:
    host = Host("h", Config())
    for seconds in (0.00005, 0.0001, 0.02, 1000.0):
        host.stats.role("r").handling.add(seconds)
    samples = samples_of(render_text([take_snapshot(host, 0.0)]))
    buckets = {
        dict(labels)["le"]: count
        for (name, labels), count in samples.items()
        if name == "shoal_handling_seconds_bucket"
    }
    assert buckets["0.0001"] == 2
    assert buckets["0.01"] == 2
    assert buckets["0.025"] == 3
    assert buckets["300.0"] == 3
    assert buckets["+Inf"] == 4
    assert value(samples, "shoal_handling_seconds_count", role="r", host="h") == 4
    assert value(samples, "shoal_handling_seconds_sum", role="r", host="h") == pytest.approx(1000.02015)


def test_hosts_are_merged_under_one_header_a_family_and_a_silent_one_is_down() -> None:
    one, two = Host("one", Config()), Host("two", Config())
    one.stats.role("r").handled = 1
    two.stats.role("r").handled = 2
    text = render_text([take_snapshot(one, 0.0), take_snapshot(two, 7.5), silent("three")])
    samples = samples_of(text)
    assert text.count("# TYPE shoal_messages_handled_total counter") == 1
    assert value(samples, "shoal_messages_handled_total", role="r", host="one") == 1
    assert value(samples, "shoal_messages_handled_total", role="r", host="two") == 2
    assert value(samples, "shoal_loop_blocked_seconds", host="two") == 7.5
    assert [value(samples, "shoal_host_up", host=name) for name in ("one", "two", "three")] == [1, 1, 0]
    assert not any(("host", "three") in labels for name, labels in samples if name != "shoal_host_up")


def test_a_role_of_any_characters_is_exported_as_it_is() -> None:
    host = Host("h", Config())
    role = 'a "quoted" \\ role\nof two lines, ünï'
    host.stats.role(role).handled = 5
    samples = samples_of(render_text([take_snapshot(host, 0.0)]))
    assert value(samples, "shoal_messages_handled_total", role=role, host="h") == 5


def test_openmetrics_is_served_to_who_asks_for_it() -> None:
    host = Host("h", Config())
    host.stats.role("r").handled = 5
    content_type, body = render([take_snapshot(host, 0.0)], "application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    parsed = parse_openmetrics(body.decode())  # type: ignore[no-untyped-call]
    families = {family.name: family for family in parsed}
    assert families["shoal_messages_handled"].samples[0].value == 5


class Growing(dict[str, RoleStats]):
    """Roles that another thread adds to in the middle of the first look."""

    looked = 0

    def items(self) -> Any:
        self.looked += 1
        if self.looked == 1:
            return self._changed()
        return super().items()

    def _changed(self) -> Iterator[tuple[str, RoleStats]]:
        for index, item in enumerate(super().items()):
            self[f"new-{index}"] = RoleStats()
            yield item


def test_a_snapshot_looks_again_when_the_event_loop_adds_a_role_meanwhile() -> None:
    host = Host("h", Config())
    host.stats.roles = Growing(first=RoleStats(), second=RoleStats())
    samples = samples_of(render_text([take_snapshot(host, 0.0)]))
    assert {dict(labels)["role"] for name, labels in samples if name == "shoal_agents"} == {
        "first",
        "second",
        "new-0",
    }


def test_importing_shoal_does_not_import_prometheus_client() -> None:
    program = "import sys, shoal; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# -- the endpoint --------------------------------------------------------------------------------------------


async def test_a_system_has_no_endpoint_unless_it_is_given_a_port() -> None:
    async with shoal.start("local") as system:
        assert await system.metrics_endpoints() == []


async def test_the_local_system_serves_its_metrics_over_http() -> None:
    async with shoal.start("local", metrics_port=0) as system:
        ref = await system.spawn(Doer(), name="doer")
        await ref.ask(Job(text="do"))
        (endpoint,) = await system.metrics_endpoints()
        samples = samples_of(await asyncio.to_thread(fetch, endpoint.url))
        assert (endpoint.node, endpoint.host) == ("local", "local")
    assert value(samples, "shoal_messages_handled_total", role="Doer", host="local") == 1


async def test_a_scrape_is_answered_while_a_handler_blocks_the_event_loop() -> None:
    scraped: list[str] = []
    async with shoal.start("local", metrics_port=0) as system:
        url = await served(system)

        async def block(job: Job) -> None:
            thread = threading.Thread(target=lambda: scraped.append(fetch(url)))
            thread.start()
            thread.join(10)  # the loop stands still meanwhile

        ref = await system.spawn(block, name="blocker")
        await ref.ask(Job(text="block"))
    samples = samples_of(scraped[0])
    assert value(samples, "shoal_open_asks", host="local") == 1


async def test_a_port_in_use_fails_the_start_with_the_port_and_a_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            StartError, match=rf"metrics_port {port} is in use on 127\.0\.0\.1.*metrics_port=0"
        ):
            await shoal.start("local", metrics_port=port)


async def test_shutdown_frees_the_port() -> None:
    async with shoal.start("local", metrics_port=0) as system:
        url = await served(system)
    with pytest.raises(urllib.error.URLError):
        await asyncio.to_thread(fetch, url)
    async with shoal.start("local", metrics_port=int(url.split(":")[2].split("/")[0])) as system:
        assert await served(system) == url


@pytest.fixture
def server() -> Iterator[MetricsServer]:
    host = Host("h", Config())
    server = MetricsServer(0, lambda: [take_snapshot(host, 0.0)])
    yield server
    server.stop()


def ask(server: MetricsServer, method: str, path: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_the_endpoint_is_not_reachable_at_other_addresses_of_the_machine(server: MetricsServer) -> None:
    with pytest.raises(OSError, match=r"refused|unreachable|timed out"):
        socket.create_connection(("127.0.0.2", server.port), timeout=2).close()


def test_other_paths_and_methods_are_answered_with_their_status(server: MetricsServer) -> None:
    assert ask(server, "GET", "/metrics?a=b")[0] == 200
    assert ask(server, "HEAD", "/metrics") == (200, "")
    assert ask(server, "GET", "/") == (404, "the metrics are at /metrics\n")
    assert ask(server, "POST", "/metrics")[0] == 501


@pytest.mark.parametrize("name", ["127.0.0.1:9464", "localhost:1", "LOCALHOST", "[::1]:80", "[::1]"])
def test_who_asks_for_a_loopback_name_is_served(server: MetricsServer, name: str) -> None:
    assert ask(server, "GET", "/metrics", Host=name)[0] == 200


@pytest.mark.parametrize(
    "name", ["evil.example:9464", "evil.example", "127.0.0.1.evil.example", "[::2]:80", ""]
)
def test_a_web_page_under_a_name_of_its_own_is_refused(server: MetricsServer, name: str) -> None:
    assert ask(server, "GET", "/metrics", Host=name)[0] == 403


def test_a_gatherer_that_fails_is_a_server_error_and_the_next_scrape_works() -> None:
    host = Host("h", Config())
    answers: list[Exception | Snapshot] = [RuntimeError("no"), take_snapshot(host, 0.0)]

    def gather() -> list[Snapshot]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return [answer]

    server = MetricsServer(0, gather)
    try:
        assert ask(server, "GET", "/metrics")[0] == 500
        assert ask(server, "GET", "/metrics")[0] == 200
    finally:
        server.stop()


def test_hostile_bytes_and_a_scraper_that_says_nothing_do_not_stop_the_endpoint(
    server: MetricsServer,
) -> None:
    silent_one = socket.create_connection(("127.0.0.1", server.port))
    try:
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(b"\x00\xff" * 1000 + b"\r\n\r\n")
        assert ask(server, "GET", "/metrics")[0] == 200
    finally:
        silent_one.close()


def test_stopping_waits_for_a_scrape_in_progress_and_lets_no_other_begin() -> None:
    begun, go_on = threading.Event(), threading.Event()
    gathered: list[int] = []

    def gather() -> list[Snapshot]:
        begun.set()
        assert go_on.wait(10)
        gathered.append(1)
        return [silent("h")]

    server = MetricsServer(0, gather)
    scraper = threading.Thread(target=ask, args=(server, "GET", "/metrics"))
    scraper.start()
    assert begun.wait(10)
    stopper = threading.Thread(target=server.stop)
    stopper.start()
    go_on.set()
    stopper.join()
    assert gathered == [1]
    assert server.scrape("") is None
    scraper.join()
    server.stop()


# -- the election --------------------------------------------------------------------------------------------

_HOLD = """
import os, sys, threading
from pathlib import Path
from shoal.runtime.election import Election
elected = threading.Event()
Election(Path(sys.argv[1]), elected.set).stand()
elected.wait()
if sys.argv[2] == "fork" and os.fork() == 0:
    sys.stdin.read()
    os._exit(0)
print("elected", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("what", ["die", "fork"])
def test_when_the_elected_process_is_killed_the_next_one_is_elected(tmp_path: Path, what: str) -> None:
    path = tmp_path / "metrics.lock"
    elected = threading.Event()
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path), what], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"elected\n"
            Election(path, elected.set).stand()
            assert not elected.is_set()
        finally:
            holder.kill()
        assert elected.wait(30)  # also when a child it forked lives on; that one ends with its stdin


def test_a_lock_that_cannot_be_made_elects_nobody_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    elected = threading.Event()
    Election(tmp_path / "missing" / "metrics.lock", elected.set)._wait()
    assert not elected.is_set()
    assert "no election on" in caplog.text
