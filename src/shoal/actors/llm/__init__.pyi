from .llm_agent import LLMAgent
from .memory import Summary, TypedContext, Whole
from .replaying import replay_model
from .validators import Judgement, Judges, KnownFacts, Verdict, quoted
from .votes import Votes

__all__ = [
    "Judgement",
    "Judges",
    "KnownFacts",
    "LLMAgent",
    "Summary",
    "TypedContext",
    "Verdict",
    "Votes",
    "Whole",
    "quoted",
    "replay_model",
]
