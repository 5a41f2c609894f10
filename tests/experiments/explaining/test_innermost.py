"""What a task ended with, as its error says it: the class of what was raised first."""

from __future__ import annotations

from typing import Any

import pytest

from shoal.errors import QuorumMissed
from shoal.experiments.explaining.causes.cause import Category
from shoal.experiments.explaining.causes.table import cause_of, innermost
from shoal.runtime.failure import handler_error
from shoal.runtime.journal.ledger import as_json


def missed(**missing: str) -> tuple[str, str, str]:
    """How the ledger has the error of a team whose members did not answer, for these reasons."""
    error = handler_error(QuorumMissed("too few", missing=missing, needed=2), "team", "str")
    return "HandlerError", error.text, as_json(error.details)


def test_a_class_of_the_users_own_with_a_name_of_shoals_has_no_cause_of_shoals() -> None:
    found = innermost("HandlerError", "team raised app.Conflict on str: mine")
    assert found == "app.Conflict"
    assert cause_of(found).category is Category.NOT_KNOWN
    assert innermost("Conflict", "team raised app.Conflict on str: mine") == found, "as results have it"
    assert innermost("HandlerError", "", {"type": "shoal.blackboard.errors.Conflict"}) == "Conflict"
    assert innermost("HandlerError", "", {"type": "app.Boom"}) == "Boom"


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        (
            {"a": "HandlerError: team/a raised app.Boom on str: x", "b": "team/b raised app.Boom on str: y"},
            "Boom",
        ),
        (
            {"a": "team/a raised shoal.errors.QuorumMissed on str: x: team/a/x raised app.Boom on str: y"},
            "Boom",
        ),
        ({"a": "HandlerError: team/a raised ValueError on str: x", "b": "AskTimeout: 5 s"}, "QuorumMissed"),
        (
            {"a": "1 failed: x: team/a/x raised app.Boom on str: x; y: team/a/y raised app.Bang on str: y"},
            "QuorumMissed",
        ),
        ({"a": "AskTimeout: no answer within 5 s", "b": "AskTimeout: no answer within 5 s"}, "AskTimeout"),
        ({"a": "it gave no answer", "b": "HandlerError: team/b raised app.Boom on str: y"}, "QuorumMissed"),
        ({}, "QuorumMissed"),
    ],
)
def test_a_team_without_enough_answers_names_what_all_its_missing_members_raised(
    missing: dict[str, str], named: str
) -> None:
    assert innermost(*missed(**missing)) == named


@pytest.mark.parametrize("cause", ["b'cut", "1 + 1", b"\xff", None, 7])
def test_a_cause_that_cannot_be_read_names_nothing(cause: Any) -> None:
    details = {"type": "shoal.topologies.errors.QuorumMissed", "cause": cause}
    assert innermost("HandlerError", "", details) == "QuorumMissed"
