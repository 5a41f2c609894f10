from .comparing.doing import compare
from .file.spec import Experiment
from .finished import ExperimentRun, open_experiment
from .running.launching import resume, run
from .running.outcome import Outcome

__all__ = ["Experiment", "ExperimentRun", "Outcome", "compare", "open_experiment", "resume", "run"]
