"""Experiments: a workload under one team or several, with what each cost and earned.

::

    outcome = await shoal.experiments.run(shoal.Experiment(name="triage", workload="tickets.jsonl", team=team))
    outcome = await shoal.experiments.resume("triage-20260131-093005-k7qd")
    comparison = await shoal.experiments.compare("triage.yaml")

What is here is loaded when it is first used: agents' processes, which import shoal, need none of it.
"""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
