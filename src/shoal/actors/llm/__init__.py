"""LLM agents: a language model decides what they answer and which tools they use."""

from shoal.actors.llm import extension as _extension  # registers itself with the runtime
from shoal.actors.llm.llm_agent import LLMAgent
from shoal.actors.llm.memory import Summary, TypedContext, Whole
from shoal.actors.llm.replaying import replay_model
from shoal.actors.llm.validators import Judgement, Judges, KnownFacts, Verdict, quoted
from shoal.actors.llm.votes import Votes

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
del _extension
