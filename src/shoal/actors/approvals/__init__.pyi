from .asking import approve, ask_person
from .client import Approvals
from .errors import (
    ApprovalError,
    DecisionUnfit,
    RequestDecided,
    RequestExpired,
    RequestUnknown,
    RequestWithdrawn,
)
from .gate import approve_message
from .request import Decision, Kind, Request, State

__all__ = [
    "ApprovalError",
    "Approvals",
    "Decision",
    "DecisionUnfit",
    "Kind",
    "Request",
    "RequestDecided",
    "RequestExpired",
    "RequestUnknown",
    "RequestWithdrawn",
    "State",
    "approve",
    "approve_message",
    "ask_person",
]
