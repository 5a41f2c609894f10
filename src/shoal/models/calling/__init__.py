"""Calls that survive their models' failures: retries, circuit breakers, hedged requests, fallbacks, time limits."""

from shoal.models.calling.account import CallAccount, Outcome
from shoal.models.calling.answers import AnswerCache, MemoryAnswers
from shoal.models.calling.breakers import Breakers
from shoal.models.calling.caller import Caller, LastResort, Rule
from shoal.models.calling.candidate import Candidate
from shoal.models.calling.clock import Clock
from shoal.models.calling.sqlite_answers import SqliteAnswers

__all__ = [
    "AnswerCache",
    "Breakers",
    "CallAccount",
    "Caller",
    "Candidate",
    "Clock",
    "LastResort",
    "MemoryAnswers",
    "Outcome",
    "Rule",
    "SqliteAnswers",
]
