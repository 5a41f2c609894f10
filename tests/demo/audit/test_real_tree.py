"""The whole pure job on real input: packages of this interpreter's own standard library."""

from __future__ import annotations

import msgpack
import pytest

import shoal.demo.audit as audit
from shoal.demo.audit.models import REVIEW_BYTES, AuditReport, CheckedReview
from shoal.demo.audit.verify.neighbours import _read_tree

PACKAGES = ["asyncio", "email", "json", "re", "urllib"]


@pytest.fixture(scope="module")
def checked() -> list[CheckedReview]:
    _read_tree.cache_clear()
    found = audit.discover(packages=PACKAGES)
    return [audit.check(audit.review(task)) for task in found.tasks]


@pytest.fixture(scope="module")
def report(checked: list[CheckedReview]) -> AuditReport:
    return audit.aggregate(checked, listed=None)


def test_every_module_of_a_real_tree_is_reviewed(checked: list[CheckedReview], report: AuditReport) -> None:
    assert len(checked) > 50
    assert [review.skipped for review in checked if review.skipped] == []
    assert report.totals.reviewed == len(checked)
    assert report.totals.lines > 20_000


def test_real_findings_are_confirmed_and_real_false_alarms_are_rejected(report: AuditReport) -> None:
    assert report.counts.complexity > 50
    assert report.counts.docstring > 100
    assert report.counts.dead_code > 3
    # A reviewer of one module cannot see that a sibling uses its private function; the checker can.
    assert {rejection.finding.rule for rejection in report.rejected} >= {"U103"}
    assert any(rejection.reason.startswith("referenced by asyncio/") for rejection in report.rejected)


def test_radon_and_the_recount_agree_on_every_real_function(report: AuditReport) -> None:
    assert [each.finding for each in report.rejected if each.finding.kind == "complexity"] == []


def test_real_reviews_are_small_messages(checked: list[CheckedReview]) -> None:
    assert max(len(msgpack.packb(review.model_dump())) for review in checked) < REVIEW_BYTES / 4


def test_two_runs_over_one_tree_give_the_same_report(
    checked: list[CheckedReview], report: AuditReport
) -> None:
    again = audit.aggregate(list(reversed(checked)), listed=None)
    assert audit.render_markdown(again) == audit.render_markdown(report)
    assert audit.render_json(again) == audit.render_json(report)


def test_the_exported_names_are_these() -> None:
    assert audit.__all__ == sorted(audit.__all__)
    assert all(hasattr(audit, name) for name in audit.__all__)
