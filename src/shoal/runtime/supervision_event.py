"""What is told of each start, exit and restart: one shape for the system's own restarts and for supervisors.

``{"kind", "agent", "supervisor", "generation", "reason", "restarts", "at"}``: plain values, for logs, journals and
metrics. ``kind`` is a :class:`~shoal.runtime.supervision.ReportKind`; ``supervisor`` is empty for the system itself;
``reason`` is the chain of causes in lines; ``at`` is a wall-clock second.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from shoal.runtime.redaction import redact
from shoal.runtime.supervision import Report, ReportKind

EVENTS_KEPT = 1000
"""So many are kept for listing; who wants all of them subscribes."""

_log = logging.getLogger("shoal.supervisor")
_LOUD = frozenset({ReportKind.EXITED, ReportKind.START_FAILED, ReportKind.GAVE_UP, ReportKind.STOP_UNCLEAN})


def make_event(
    report: Report, agent: str, supervisor: str, generation: int | None, restarts: int
) -> dict[str, Any]:
    """The event of a report."""
    return {
        "kind": report.kind.value,
        "agent": agent,
        "supervisor": supervisor,
        "generation": generation,
        "reason": redact(report.exit.describe()) if report.exit is not None else "",
        "restarts": restarts,
        "at": time.time(),
    }


def log_event(event: dict[str, Any]) -> None:
    """Log it: failures as warnings, the rest as information."""
    level = logging.WARNING if event["kind"] in _LOUD else logging.INFO
    _log.log(
        level, "%s %s %s", event["agent"], event["kind"], event["reason"], extra={"agent": event["agent"]}
    )
