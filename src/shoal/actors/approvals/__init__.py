"""Approvals: agents ask people, wait for the decision, and take silence for a refusal."""

from shoal.actors.approvals.asking import approve, ask_person
from shoal.actors.approvals.client import Approvals
from shoal.actors.approvals.errors import (
    ApprovalError,
    DecisionUnfit,
    RequestDecided,
    RequestExpired,
    RequestUnknown,
    RequestWithdrawn,
)
from shoal.actors.approvals.gate import approve_message
from shoal.actors.approvals.request import Decision, Kind, Request, State

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
