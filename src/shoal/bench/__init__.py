"""Benchmarks: each row's work done by shoal, by plain Ray and by hand-batched Ray, in turns in one run.

``shoal bench`` runs them; see ``catalogue.py`` for the rows and their bars, ``sides.py`` for the seam, and
``plain_ray`` for the baselines. The rows about the blackboard are in ``board_rows.py``, who does them in
``board_contestants.py``.
"""

from shoal.bench.errors import BenchError, CannotMeasure, Miscounted, SideTimedOut, UnknownRow, UnknownSide
from shoal.bench.results import Report, RowResult, Sample, Settings, SideResult
from shoal.bench.rows import Bar, Figure, Row
from shoal.bench.sides import Contestant, Counts, Outcome, Side, SideFactory, Stage

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
