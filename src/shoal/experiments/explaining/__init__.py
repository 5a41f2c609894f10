"""Explaining a run: the trace of a task, why its answer is what it is, and what went wrong by cause."""

from __future__ import annotations

from shoal.experiments.explaining.errors import ExportFailed, OtelMissing
from shoal.experiments.explaining.failures import Failures
from shoal.experiments.explaining.failures_reading import read_failures
from shoal.experiments.explaining.following import Exporter, Follower
from shoal.experiments.explaining.gathering import read_trace
from shoal.experiments.explaining.live import traces_exported
from shoal.experiments.explaining.trace import TaskFacts, Trace, make_trace
from shoal.experiments.explaining.trace_records import trace_record
from shoal.experiments.explaining.why import Why
from shoal.experiments.explaining.why_reading import read_why

__all__ = [
    "ExportFailed",
    "Exporter",
    "Failures",
    "Follower",
    "OtelMissing",
    "TaskFacts",
    "Trace",
    "Why",
    "make_trace",
    "read_failures",
    "read_trace",
    "read_why",
    "trace_record",
    "traces_exported",
]
