"""When work on a region is over: conditions, what they come to, and waiting for them (:meth:`Board.until`)."""

from shoal.blackboard.termination.condition import (
    AllOf,
    AnyOf,
    Check,
    Clock,
    Ended,
    Situation,
    Termination,
    Verdict,
)
from shoal.blackboard.termination.counts import CountReached, ItemsDone
from shoal.blackboard.termination.improvement import NoImprovement
from shoal.blackboard.termination.quiescence import Quiescence
from shoal.blackboard.termination.time_limit import TimeLimit

__all__ = [
    "AllOf",
    "AnyOf",
    "Check",
    "Clock",
    "CountReached",
    "Ended",
    "ItemsDone",
    "NoImprovement",
    "Quiescence",
    "Situation",
    "Termination",
    "TimeLimit",
    "Verdict",
]
