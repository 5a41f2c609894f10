"""Every rule: the reviewer finds what is there, the checker confirms it and refutes what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoal.demo.audit.checker import check
from shoal.demo.audit.models import ModuleReview
from shoal.demo.audit.rules import RULES
from tests.demo.audit.cases import BROKEN, HARMLESS, Case
from tests.demo.audit.trees import forged, place, reviewed, task, write


def every(cases: dict[str, list[Case]]) -> list[object]:
    return [
        pytest.param(rule, case, id=f"{rule}-{number}")
        for rule in cases
        for number, case in enumerate(cases[rule])
    ]


def test_every_rule_has_sources_that_break_it_and_sources_that_do_not() -> None:
    assert set(BROKEN) == set(RULES)
    assert set(HARMLESS) == set(RULES)


@pytest.mark.parametrize(("rule", "case"), every(BROKEN))
def test_reviewer_finds_it_at_the_place_and_checker_confirms_it(
    tmp_path: Path, rule: str, case: Case
) -> None:
    review = reviewed(tmp_path, case.source)
    found = [finding for finding in review.findings if finding.rule == rule]
    assert [(finding.line, finding.column) for finding in found] == [place(case.source)]
    assert found[0].symbol == case.symbol
    checked = check(review)
    assert checked.rejected == ()
    assert checked.accepted == review.findings


@pytest.mark.parametrize(("rule", "case"), every(HARMLESS))
def test_reviewer_is_silent_about_what_only_looks_so(tmp_path: Path, rule: str, case: Case) -> None:
    review = reviewed(tmp_path, case.source)
    at = place(case.source)
    assert review.skipped is None
    assert [finding for finding in review.findings if finding.rule == rule and finding.line == at[0]] == []


@pytest.mark.parametrize(("rule", "case"), every(HARMLESS))
def test_checker_rejects_a_false_claim_with_a_reason(tmp_path: Path, rule: str, case: Case) -> None:
    write(tmp_path, "mod.py", case.source)
    metric = {"C101": 12, "C102": 30, "C103": 50}.get(rule)
    claim = forged(case.source, rule, case.symbol, metric=metric)
    checked = check(ModuleReview(module=task(tmp_path), findings=(claim,)))
    assert checked.accepted == ()
    assert [rejection.finding for rejection in checked.rejected] == [claim]
    assert checked.rejected[0].reason


@pytest.mark.parametrize(("rule", "case"), every(BROKEN))
def test_checker_rejects_a_true_finding_moved_to_the_next_line(tmp_path: Path, rule: str, case: Case) -> None:
    review = reviewed(tmp_path, "x = 1\n" + case.source)
    lines = ("x = 1\n" + case.source.replace("§", "")).split("\n")
    moved = tuple(
        finding.model_copy(update={"line": finding.line - 1, "evidence": lines[finding.line - 2].strip()})
        for finding in review.findings
        if finding.rule == rule and finding.line > 1
    )
    checked = check(ModuleReview(module=review.module, findings=moved))
    assert checked.accepted == ()
    assert len(checked.rejected) == len(moved)


@pytest.mark.parametrize(("rule", "case"), every(BROKEN))
def test_checker_rejects_every_other_rule_claimed_at_the_same_place(
    tmp_path: Path, rule: str, case: Case
) -> None:
    review = reviewed(tmp_path, case.source)
    true = {(finding.rule, finding.line, finding.column, finding.symbol) for finding in review.findings}
    claims = [
        forged(case.source, other, case.symbol, metric=12 if other.startswith("C") else None)
        for other in RULES
        if (other, *place(case.source), case.symbol) not in true
    ]
    checked = check(ModuleReview(module=review.module, findings=tuple(claims)))
    assert [finding.rule for finding in checked.accepted] == []
