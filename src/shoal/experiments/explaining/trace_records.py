"""A trace as data: a flat list of spans, which a trace of any depth fits into. Pure."""

from __future__ import annotations

from typing import Any

from shoal.experiments.explaining.node import Kind, Node, Sums
from shoal.experiments.explaining.trace import Trace
from shoal.runtime.redaction import redact_data


def trace_record(trace: Trace) -> dict[str, Any]:
    """The trace for JSON: the task, sums, what is missing, and ``spans``, each before those under it.

    A span has the ids that an export has (``id``, ``parent``), its ``depth`` in the tree, times in seconds since 1970,
    and of a model call all that is recorded.
    """
    facts = trace.facts
    above: list[str] = []
    spans = []
    for depth, node in trace.root.walk():
        del above[depth:]
        spans.append(_span_record(node, above[-1] if above else None, depth))
        above.append(node.id)
    return {
        "trace": trace.id,
        "run": facts.run,
        "task": facts.task,
        "state": facts.state,
        "error": facts.error,
        "error_text": facts.error_text,
        "attempts": facts.attempts,
        "submitted_at": facts.submitted_at,
        "ended_at": facts.ended_at,
        "agents": list(trace.agents),
        "sums": sums_record(trace.root.sums),
        "missing": list(trace.missing),
        "spans": spans,
    }


def sums_record(sums: Sums) -> dict[str, Any]:
    """The sums for JSON."""
    return dict(sums._asdict())


def _span_record(node: Node, parent: str | None, depth: int) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": node.id,
        "parent": parent,
        "depth": depth,
        "kind": node.kind.value,
        "name": node.name,
        "agent": node.agent,
        "at": node.at,
        "took_s": node.took_s,
        "outcome": node.outcome,
        "inferred": node.inferred,
    }
    if node.kind in (Kind.MESSAGE, Kind.DEAD_LETTER, Kind.GAP):
        record |= {
            "message": node.message_id,
            "cause": node.cause or None,
            "sender": node.sender,
            "size": node.size,
            "queued_s": node.queued_s,
            "asked": node.ask,
            "attempt": node.attempt,
            "again": node.run_again,
        }
    if node.notes:
        record["notes"] = [note._asdict() for note in node.notes]
    if node.data:
        record["data"] = redact_data(node.data)
    return record
