"""Each error of shoal has a row that says what it means; what the runtime cannot tell is said to be not known."""

from __future__ import annotations

import json

import pytest

import shoal.errors
from shoal.experiments import errors as experiment_errors
from shoal.experiments.explaining.causes import TABLE, UNKNOWN, Category, cause_of
from shoal.experiments.explaining.causes.cause import MODES
from shoal.experiments.explaining.causes.of_models import ROWS as OF_MODELS
from shoal.experiments.explaining.causes.of_teams import ROWS as OF_TEAMS
from shoal.experiments.explaining.causes.of_the_runtime import ROWS as OF_THE_RUNTIME
from shoal.experiments.explaining.causes.table import innermost
from shoal.experiments.explaining.trouble_kinds import KINDS
from shoal.runtime.errors import HandlerError, ShoalError
from shoal.runtime.failure import handler_error

MAST = {"FM-1": Category.SPECIFICATION, "FM-2": Category.MISALIGNMENT, "FM-3": Category.VERIFICATION}


@pytest.mark.parametrize("name", shoal.errors.__all__)
def test_every_public_error_has_a_row(name: str) -> None:
    assert name in TABLE


def test_every_error_of_experiments_has_a_row() -> None:
    names = {name for name, value in vars(experiment_errors).items() if isinstance(value, type)}
    ours = {name for name in names if issubclass(getattr(experiment_errors, name), ShoalError)}
    assert ours <= TABLE.keys()


def test_no_error_has_two_rows() -> None:
    names = [name for names, _ in (*OF_MODELS, *OF_TEAMS, *OF_THE_RUNTIME) for name in names.split()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("cause", [*TABLE.values(), *KINDS.values()])
def test_a_mode_is_one_of_mast_and_stands_in_its_category(cause: object) -> None:
    mode, category = cause.mode, cause.category  # type: ignore[attr-defined]
    assert not mode or (mode in MODES and MAST[mode[:4]] is category)
    assert cause.why.endswith(".")  # type: ignore[attr-defined]
    assert cause.remedy.endswith((".", "`.", "'."))  # type: ignore[attr-defined]


def test_a_class_that_is_not_ours_is_not_known() -> None:
    assert cause_of("ZeroDivisionError") is UNKNOWN
    assert cause_of("").category is Category.NOT_KNOWN


def test_a_handler_error_is_taken_for_what_was_raised_first() -> None:
    error = handler_error(shoal.errors.QuorumMissed("too few"), "team", "app:Ticket")
    assert isinstance(error, HandlerError)
    details = json.dumps({"type": error.details["type"]})
    assert innermost("HandlerError", error.text, details) == "QuorumMissed"
    assert innermost("HandlerError", error.text) == "QuorumMissed"  # a result has the text only
    assert innermost("HandlerError", "team raised ValueError on str: no") == "ValueError"
    assert innermost("HandlerError", "something else", "{broken") == "HandlerError"
    assert innermost("BudgetExceeded", "x raised y.Z on t: no") == "BudgetExceeded"
