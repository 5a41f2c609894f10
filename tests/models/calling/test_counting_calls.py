"""What the host's metrics say of calls."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shoal.models.calling import Breakers, Outcome
from shoal.models.errors import ModelUnavailable
from shoal.models.scripted import Latency, Reply
from shoal.models.spec import Breaker
from shoal.runtime.config import Config
from shoal.runtime.host import Host
from shoal.runtime.metrics import render_text
from shoal.runtime.metrics_snapshot import take_snapshot
from tests.models.calling.counting import REQUEST, CountingPermits, Stage, scripted
from tests.models.calling.virtual_time import clock, run


def test_calls_tokens_money_times_retries_and_breakers_are_exported_by_model() -> None:
    host = Host("h", Config())

    async def main() -> None:
        replies = [
            Reply(error=ModelUnavailable("down")),
            Reply("x" * 240, latency=Latency(3.0, tokens_per_s=10)),
        ]
        stage = Stage(
            scripted(replies, breaker=Breaker(failures=1, open_s=0.001)),
            permits=CountingPermits(wait_s=0.2),
            stats=host.stats,
            breakers=Breakers(clock().now, host.stats.breakers),
        )
        answer = await stage.caller.call(REQUEST)
        assert host.stats.model("m").usd == answer.usd > 0
        assert host.stats.model("m").output_tokens == answer.usage.output_tokens

    run(main())
    samples = {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(render_text([take_snapshot(host, 0.0)]))
        for sample in family.samples
        if "bucket" not in sample.name
    }
    assert samples["shoal_model_calls_total", "h", "m", "ok"] == 1
    assert samples["shoal_model_calls_total", "h", "m", "unavailable"] == 1
    assert samples["shoal_model_calls_total", "h", "m", "timeout"] == 0
    assert samples["shoal_model_retries_total", "h", "m"] == 1
    assert samples["shoal_model_cache_hits_total", "h", "m"] == 0
    assert samples["shoal_model_first_token_seconds_sum", "h", "m"] == pytest.approx(3.0)
    assert samples["shoal_model_first_token_seconds_count", "h", "m"] == 1
    assert samples["shoal_model_tokens_per_second_count", "h", "m"] == 1
    assert samples["shoal_model_permit_wait_seconds_count", "h", "m"] == 2
    assert samples["shoal_model_permit_wait_seconds_sum", "h", "m"] == pytest.approx(0.4)
    assert samples["shoal_model_breaker_state", "scripted#m", "h"] == 0


def test_every_outcome_is_in_the_reference() -> None:
    from tests.runtime.test_metrics import REFERENCE

    text = REFERENCE.read_text()
    assert [outcome for outcome in Outcome if f"`{outcome.value}`" not in text] == []
