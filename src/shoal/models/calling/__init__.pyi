from .account import CallAccount, Outcome
from .answers import AnswerCache, MemoryAnswers
from .breakers import Breakers
from .caller import Caller, LastResort, Rule
from .candidate import Candidate
from .clock import Clock
from .sqlite_answers import SqliteAnswers

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
