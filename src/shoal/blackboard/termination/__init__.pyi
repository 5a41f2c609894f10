from .condition import AllOf, AnyOf, Check, Clock, Ended, Situation, Termination, Verdict
from .counts import CountReached, ItemsDone
from .improvement import NoImprovement
from .quiescence import Quiescence
from .time_limit import TimeLimit

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
