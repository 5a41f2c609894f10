"""Prometheus text from snapshots of hosts. The one module that imports prometheus_client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder, generate_latest

from shoal.runtime.metrics_snapshot import FAMILIES, UP, Family, Kind, Snapshot, Value


def render(snapshots: Sequence[Snapshot], accept: str = "") -> tuple[str, bytes]:
    """The exposition of all ``snapshots`` as one, in the format that ``accept`` (an HTTP header) asks for.

    Returns the content type and the text: OpenMetrics when it is asked for, else Prometheus' own format.
    """
    encode, content_type = choose_encoder(accept)
    return content_type, encode(_Collected(snapshots))


def render_text(snapshots: Sequence[Snapshot]) -> str:
    """The exposition in Prometheus' text format."""
    return generate_latest(_Collected(snapshots)).decode()


class _Collected:
    """What prometheus_client takes for a registry: each family once, with the samples of every host."""

    def __init__(self, snapshots: Sequence[Snapshot]) -> None:
        self._snapshots = snapshots

    def collect(self) -> Iterator[Metric]:
        for family in FAMILIES:
            yield _metric(family, self._samples(family))

    def _samples(self, family: Family) -> Iterator[tuple[list[str], Value]]:
        for snapshot in self._snapshots:
            if snapshot.figures is None:
                if family is UP:
                    yield [snapshot.host], 0
                continue
            for labels, value in snapshot.figures.get(family.name, ()):
                yield [*labels, snapshot.host], value


def _metric(family: Family, samples: Iterable[tuple[list[str], Value]]) -> Metric:
    labels = [*family.labels, "host"]
    if family.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(family.name, family.help, labels=labels)
        bounds = [*(str(float(bound)) for bound in family.bounds), "+Inf"]
        for values, figure in samples:
            *counts, total = figure if isinstance(figure, list) else [figure]
            histogram.add_metric(values, list(zip(bounds, accumulate(counts), strict=True)), total)
        return histogram
    kind = CounterMetricFamily if family.kind is Kind.COUNTER else GaugeMetricFamily
    metric = kind(family.name, family.help, labels=labels)
    for values, figure in samples:
        if not isinstance(figure, list):
            metric.add_metric(values, figure)
    return metric
