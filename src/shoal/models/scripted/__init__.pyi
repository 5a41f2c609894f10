from .answers import Latency, Reply, wants
from .loading import load_script
from .matching import When
from .model import ScriptedModel

__all__ = [
    "Latency",
    "Reply",
    "ScriptedModel",
    "When",
    "load_script",
    "wants",
]
