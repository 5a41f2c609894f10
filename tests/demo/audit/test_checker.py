"""The checker trusts nothing in a finding, and asks the rest of the tree where a module alone cannot tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.demo.audit.checker import check
from shoal.demo.audit.models import KINDS, SEVERITIES, Finding, Limits, ModuleReview
from shoal.demo.audit.rules import RULES
from shoal.demo.audit.verify.neighbours import _read_tree
from tests.demo.audit.cases import branches
from tests.demo.audit.trees import reviewed, write

SOURCE = "def h():\n    import os\n\nclass A:\n    def f(self, x):\n        return eval(x)\n\n" + branches(
    14, "g"
)


@pytest.fixture(autouse=True)
def _trees_are_read_anew() -> None:
    _read_tree.cache_clear()


def reasons(review: ModuleReview) -> list[str]:
    return [rejection.reason for rejection in check(review).rejected]


def reason_for(review: ModuleReview, rule: str, changes: dict[str, Any]) -> str:
    """Why the finding of ``rule`` is rejected once ``changes`` are made to it."""
    finding = next(finding for finding in review.findings if finding.rule == rule)
    changed = finding.model_copy(update=changes)
    (reason,) = reasons(review.model_copy(update={"findings": (changed,)}))
    return reason


@pytest.mark.parametrize(
    ("rule", "changes", "reason"),
    [
        ("R101", {"rule": "R99"}, "there is no rule R99"),
        ("R101", {"severity": "low"}, "rule R101 is risky of high severity"),
        ("R101", {"kind": "dead-code"}, "rule R101 is risky of high severity"),
        ("R101", {"path": "other.py"}, "it is about another file"),
        ("R101", {"line": 10_000}, "the file ends at line 37"),
        ("R101", {"line": 5}, "the source line is not what the evidence quotes"),
        ("R101", {"evidence": "return eval(y)"}, "the source line is not what the evidence quotes"),
        ("R101", {"column": 9}, "no call by name begins at this place"),
        ("R101", {"column": 17}, "no expression begins at this place"),
        ("R101", {"symbol": "A.g"}, "the line belongs to A.f"),
        ("R101", {"metric": 3}, "a metric belongs to complexity, and to nothing else"),
        ("C101", {"metric": None}, "a metric belongs to complexity, and to nothing else"),
        ("C101", {"metric": 18}, "complexity is 15 by recount, not 18"),
        ("C101", {"metric": 12}, "complexity is 15 by recount, not 12"),
        ("C101", {"metric": 3}, "complexity 3 is below the limit of 11"),
        ("C101", {"metric": 25}, "complexity 25 belongs under rule C102"),
        ("U101", {"symbol": "h.sys"}, "sys is not imported here"),
        ("D102", {"symbol": "B"}, "the line belongs to A"),
        ("D102", {"column": 7}, "no statement begins at this place"),
    ],
)
def test_a_finding_that_was_tampered_with_is_rejected(
    tmp_path: Path, rule: str, changes: dict[str, Any], reason: str
) -> None:
    assert reason_for(reviewed(tmp_path, SOURCE), rule, changes) == reason


def test_a_complexity_off_by_one_is_accepted_because_counts_may_differ_on_rare_syntax(tmp_path: Path) -> None:
    review = reviewed(tmp_path, SOURCE)
    finding = next(finding for finding in review.findings if finding.rule == "C101")
    near = finding.model_copy(update={"metric": 16})
    assert check(review.model_copy(update={"findings": (near,)})).accepted == (near,)


def test_a_finding_sent_twice_counts_once(tmp_path: Path) -> None:
    review = reviewed(tmp_path, "'''M.'''\neval(x)\n")
    doubled = review.model_copy(update={"findings": review.findings * 2})
    checked = check(doubled)
    assert checked.accepted == review.findings
    assert [rejection.reason for rejection in checked.rejected] == ["reported twice"]


def test_every_finding_ends_accepted_or_rejected_in_the_order_given(tmp_path: Path) -> None:
    review = reviewed(tmp_path, SOURCE)
    mixed = tuple(
        finding.model_copy(update={"evidence": "x"}) if number % 2 else finding
        for number, finding in enumerate(review.findings)
    )
    checked = check(review.model_copy(update={"findings": mixed}))
    assert checked.accepted == mixed[::2]
    assert tuple(rejection.finding for rejection in checked.rejected) == mixed[1::2]


def test_findings_about_a_source_that_changed_since_are_rejected(tmp_path: Path) -> None:
    review = reviewed(tmp_path, SOURCE)
    write(tmp_path, "mod.py", "\n" + SOURCE)
    assert set(reasons(review)) == {"the source line is not what the evidence quotes"}


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (None, "source: cannot be read: No such file or directory"),
        (b"\xff", "source: encoding: "),
        ("x = (\n", "source: cannot be tokenized: "),
        ("", "the file ends at line 0"),
    ],
)
def test_findings_about_a_source_that_cannot_be_read_any_more_are_rejected(
    tmp_path: Path, source: str | bytes | None, reason: str
) -> None:
    review = reviewed(tmp_path, SOURCE)
    if source is None:
        (tmp_path / "mod.py").unlink()
    else:
        write(tmp_path, "mod.py", source)
    given_reasons = reasons(review)
    assert len(given_reasons) == len(review.findings)
    assert all(each.startswith(reason) for each in given_reasons), given_reasons


def test_findings_of_a_module_that_was_skipped_are_rejected(tmp_path: Path) -> None:
    review = reviewed(tmp_path, SOURCE).model_copy(update={"skipped": "too hard"})
    assert set(reasons(review)) == {"the reviewer skipped the module"}


def test_a_private_function_that_another_module_uses_is_not_dead(tmp_path: Path) -> None:
    review = reviewed(tmp_path, "'''M.'''\ndef _f():\n    return 1\n", path="pkg/mod.py")
    assert [finding.rule for finding in review.findings] == ["U103"]
    assert check(review).accepted == review.findings
    write(tmp_path, "pkg/user.py", "from pkg.mod import _f\n")
    _read_tree.cache_clear()
    assert reasons(review) == ["referenced by pkg/user.py"]


def test_a_word_that_only_contains_the_name_is_no_use_of_it(tmp_path: Path) -> None:
    write(tmp_path, "pkg/user.py", "from pkg.mod import _found, an_f\n")
    review = reviewed(tmp_path, "'''M.'''\ndef _f():\n    return 1\n", path="pkg/mod.py")
    assert check(review).accepted == review.findings


@pytest.mark.parametrize(
    "user",
    [
        "from pkg.mod import helper\n",
        "from .mod import (\n    other,\n    helper as h,\n)\n",
        "import pkg.mod\npkg.mod.helper()\n",
        "from .mod import *\n",
    ],
)
def test_an_import_that_another_module_takes_from_here_is_used(tmp_path: Path, user: str) -> None:
    source = "'''M.'''\nfrom deep import helper\n"
    review = reviewed(tmp_path, source, path="pkg/mod.py")
    assert check(review).accepted == review.findings
    write(tmp_path, "pkg/user.py", user)
    _read_tree.cache_clear()
    assert reasons(review) == ["used from here by pkg/user.py"]


def test_a_star_import_takes_only_what_the_module_exports(tmp_path: Path) -> None:
    write(tmp_path, "pkg/user.py", "from .mod import *\n")
    review = reviewed(tmp_path, "'''M.'''\nfrom deep import helper\n__all__ = []\n", path="pkg/mod.py")
    assert check(review).accepted == review.findings


def test_neighbours_are_found_outside_the_package_and_unreadable_ones_do_no_harm(tmp_path: Path) -> None:
    write(tmp_path, "pkg/bad.py", b"\xff\xfe\0")
    (tmp_path / "pkg" / "loop").symlink_to(tmp_path)
    (tmp_path / "pkg" / "gone.py").symlink_to(tmp_path / "nowhere")
    write(tmp_path, "other/user.py", "pkg.mod._f()\n")
    review = reviewed(tmp_path, "'''M.'''\ndef _f():\n    return 1\n", path="pkg/mod.py")
    assert reasons(review) == ["referenced by other/user.py"]


@given(
    rule=st.sampled_from([*RULES, "X1"]),
    kind=st.sampled_from(KINDS),
    severity=st.sampled_from(SEVERITIES),
    line=st.integers(1, 40),
    column=st.integers(1, 60),
    symbol=st.sampled_from(["<module>", "A", "A.f", "g", "g.x", "os", "A.f.x", ".", "é"]),
    metric=st.none() | st.integers(0, 100),
    consistent=st.booleans(),
)
def test_any_claim_gets_a_verdict_and_only_true_ones_are_accepted(
    tmp_path_factory: pytest.TempPathFactory, consistent: bool, line: int, rule: str, **fields: Any
) -> None:
    root = tmp_path_factory.getbasetemp()
    review = reviewed(root, SOURCE, path="claimed.py", limits=Limits(complexity=1))
    lines = SOURCE.split("\n")
    if consistent and rule in RULES:
        fields |= {"kind": RULES[rule].kind, "severity": RULES[rule].severity}
    evidence = lines[line - 1].strip() if line <= len(lines) else ""
    claim = Finding(rule=rule, line=line, path="claimed.py", message="m", evidence=evidence, **fields)
    checked = check(ModuleReview(module=review.module, findings=(claim,)))
    assert len(checked.accepted) + len(checked.rejected) == 1
    true = {(finding.rule, finding.line, finding.column, finding.symbol) for finding in review.findings}
    assert {
        (finding.rule, finding.line, finding.column, finding.symbol) for finding in checked.accepted
    } <= true
