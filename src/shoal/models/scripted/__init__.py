"""Models that answer by a script, for tests, examples and simulation: exact, repeatable, free."""

from shoal.models.scripted.answers import Latency, Reply, wants
from shoal.models.scripted.loading import load_script
from shoal.models.scripted.matching import When
from shoal.models.scripted.model import ScriptedModel

__all__ = ["Latency", "Reply", "ScriptedModel", "When", "load_script", "wants"]
