from .launching import resume, run
from .outcome import Ending, Outcome
from .progress import Look, Progress, Shown
from .stop import Stop
from .summary import Summary

__all__ = [
    "Ending",
    "Look",
    "Outcome",
    "Progress",
    "Shown",
    "Stop",
    "Summary",
    "resume",
    "run",
]
