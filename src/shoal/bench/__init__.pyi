from .errors import BenchError, CannotMeasure, Miscounted, SideTimedOut, UnknownRow, UnknownSide
from .results import Report, RowResult, Sample, Settings, SideResult
from .rows import Bar, Figure, Row
from .sides import Contestant, Counts, Outcome, Side, SideFactory, Stage

__all__ = [
    "Bar",
    "BenchError",
    "CannotMeasure",
    "Contestant",
    "Counts",
    "Figure",
    "Miscounted",
    "Outcome",
    "Report",
    "Row",
    "RowResult",
    "Sample",
    "Settings",
    "Side",
    "SideFactory",
    "SideResult",
    "SideTimedOut",
    "Stage",
    "UnknownRow",
    "UnknownSide",
]
