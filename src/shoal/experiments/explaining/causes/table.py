"""The table of all errors, and how one finds the row of an error that a task ended with. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

from shoal.experiments.explaining.causes.cause import UNKNOWN, Cause
from shoal.experiments.explaining.causes.of_members import raised_by_all
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
    """The class of what was raised first, where the error says it: a ``HandlerError`` is what came of it, and a
    ``QuorumMissed`` where all missing members raised the same.

    A class that only has the name of one of shoal's is told with its module. ``details``: as the ledger keeps them
    (JSON), or what they are.
    """
    known = _read(details)
    raised = str(known.get("type", ""))
    if not raised and (said := _RAISED.match(text)):
        raised = said["type"]
    if error not in ("HandlerError", "HandlerTimeout", raised.rpartition(".")[2]):
        return error
    if raised.rpartition(".")[2] == "QuorumMissed":
        raised = raised_by_all(known) or raised
    return _named(raised) or error


def _named(raised: str) -> str:
    """A class by its name, or by the whole of it where that is the name of another's of shoal."""
    module, _, name = raised.rpartition(".")
    foreign = bool(module) and module.partition(".")[0] != "shoal"
    return raised if foreign and name in TABLE else name


def _read(details: str | dict[str, Any]) -> dict[str, Any]:
    if isinstance(details, dict):
        return details
    try:
        found = json.loads(details or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
