"""The table of all errors, and how one finds the row of an error that a task ended with. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

from shoal.experiments.explaining.causes.cause import UNKNOWN, Cause
from shoal.experiments.explaining.causes.of_models import ROWS as OF_MODELS
from shoal.experiments.explaining.causes.of_teams import ROWS as OF_TEAMS
from shoal.experiments.explaining.causes.of_the_runtime import ROWS as OF_THE_RUNTIME

TABLE: dict[str, Cause] = {
    name: cause for names, cause in (*OF_THE_RUNTIME, *OF_MODELS, *OF_TEAMS) for name in names.split()
}
"""What each public error of shoal means, by the name of its class."""
_RAISED = re.compile(r"^\S+ raised (?P<type>[\w.<>]+) on ")


def cause_of(error: str) -> Cause:
    """What an error's class means: :data:`UNKNOWN` for one that is not shoal's."""
    return TABLE.get(error, UNKNOWN)


def innermost(error: str, text: str = "", details: str | dict[str, Any] = "") -> str:
    """The class of what was raised first, where the error says it: a ``HandlerError`` is what came of it.

    ``details``: as the ledger keeps them (JSON), or what they are.
    """
    if error not in ("HandlerError", "HandlerTimeout"):
        return error
    raised = str(_read(details).get("type", ""))
    if not raised and (said := _RAISED.match(text)):
        raised = said["type"]
    return raised.rpartition(".")[2] or error


def _read(details: str | dict[str, Any]) -> dict[str, Any]:
    if isinstance(details, dict):
        return details
    try:
        found = json.loads(details or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
