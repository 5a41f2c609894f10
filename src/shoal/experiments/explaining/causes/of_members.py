"""What the members of a team raised, where too few of them answered and the error says why. Pure."""

from __future__ import annotations

import ast
import re
from typing import Any

from shoal.runtime.failure import unpack_error

_RAISED = re.compile(r"(?<!\S)\S+ raised (?P<type>[\w.<>]+) on \S+: ")
_CLASS = re.compile(r"(?P<type>[A-Z]\w*): ")
_OF_TEAMS = ("HandlerError", "HandlerTimeout", "QuorumMissed")
"""What comes of what a member raised."""


def raised_by_all(details: dict[str, Any]) -> str:
    """The class that every missing member raised first, as ``app.Boom``; empty where they raised several, or it is not
    known.

    ``details``: of the error that the ledger keeps, whose ``cause`` is the team's error.
    """
    reasons = [_classes(reason) for reason in _missing(details.get("cause"))]
    classes = set().union(*reasons)
    return classes.pop() if len(classes) == 1 and all(reasons) else ""


def _missing(cause: Any) -> list[str]:
    """Why each member has no answer."""
    try:
        packed = ast.literal_eval(cause) if isinstance(cause, str) else cause
    except (ValueError, SyntaxError):
        return []
    missing = unpack_error(packed).details.get("missing") if isinstance(packed, bytes) else None
    return [str(reason) for reason in missing.values()] if isinstance(missing, dict) else []


def _classes(reason: str) -> set[str]:
    """What was raised innermost: by one member, or by several of a team that is a member."""
    told = {found["type"] for found in _RAISED.finditer(reason)}
    if not told and (found := _CLASS.match(reason)):
        told = {found["type"]}
    return {one for one in told if one.rpartition(".")[2] not in _OF_TEAMS}
