from .errors import ExportFailed, OtelMissing
from .failures import Failures
from .failures_reading import read_failures
from .following import Exporter, Follower
from .gathering import read_trace
from .live import traces_exported
from .trace import TaskFacts, Trace, make_trace
from .trace_records import trace_record
from .why import Why
from .why_reading import read_why

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
