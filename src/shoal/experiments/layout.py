"""What an experiment keeps in its run directory, beside what every run has.

::

    experiment.yaml    the file as it was given (``.py`` for one in Python)
    experiment.json    the experiment as it was run: overrides applied, defaults filled in
    environment.json   versions, platform, seed, when and from where it was started
    team.json          the team's graph (``Topology.describe``)
    tasks.jsonl        what is done: one :class:`~shoal.experiments.task.Task` a line, in the workload's order
    results.jsonl      what became of it: one :class:`~shoal.experiments.result.Result` a line, in the same order
    summary.json       the results in numbers
    logs/run.log       the program's log
"""

from __future__ import annotations

EXPERIMENT_FILE = "experiment.json"
ORIGINAL_FILES = ("experiment.yaml", "experiment.py")
ENVIRONMENT_FILE = "environment.json"
TEAM_FILE = "team.json"
TASKS_FILE = "tasks.jsonl"
RESULTS_FILE = "results.jsonl"
SUMMARY_FILE = "summary.json"
LOG_FILE = "logs/run.log"
