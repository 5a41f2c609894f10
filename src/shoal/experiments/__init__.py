"""Experiments: a workload under one team or several, with what each cost and earned.

::

    outcome = await shoal.experiments.run(shoal.Experiment(name="triage", workload="tickets.jsonl", team=team))
    outcome = await shoal.experiments.resume("triage-20260131-093005-k7qd")
    comparison = await shoal.experiments.compare("triage.yaml")

What is here is loaded when it is first used: agents' processes, which import shoal, need none of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shoal.experiments.comparing.doing import compare
    from shoal.experiments.file.spec import Experiment
    from shoal.experiments.finished import ExperimentRun, open_experiment
    from shoal.experiments.running.launching import resume, run
    from shoal.experiments.running.outcome import Outcome

__all__ = ["Experiment", "ExperimentRun", "Outcome", "compare", "open_experiment", "resume", "run"]

_PLACES = {
    "Experiment": "file.spec",
    "ExperimentRun": "finished",
    "Outcome": "running.outcome",
    "compare": "comparing.doing",
    "open_experiment": "finished",
    "resume": "running.launching",
    "run": "running.launching",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
