"""Running experiments: from a checked plan to results in which no task is missing."""

from shoal.experiments.running.launching import resume, run
from shoal.experiments.running.outcome import Ending, Outcome
from shoal.experiments.running.progress import Look, Progress, Shown
from shoal.experiments.running.stop import Stop
from shoal.experiments.running.summary import Summary

__all__ = ["Ending", "Look", "Outcome", "Progress", "Shown", "Stop", "Summary", "resume", "run"]
