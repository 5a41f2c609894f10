"""Aggregation and rendering: one report whatever the order, one text byte for byte."""

from __future__ import annotations

import json
import re
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.demo.audit.aggregation import aggregate
from shoal.demo.audit.markdown import bar, code, escape, table
from shoal.demo.audit.models import (
    AuditReport,
    CheckedReview,
    Finding,
    ModuleFailure,
    ModuleStats,
    ModuleTask,
    Rejection,
    RunFacts,
)
from shoal.demo.audit.render import RUN_HEADING, render_json, render_markdown
from shoal.demo.audit.rules import RULES, SEVERITY_BANDS, complexity_rule, score

RUN = RunFacts(python="3.11.7", host="ray", agents=9, messages=2_345, restarts=1, wall_s=12.345)


def module(path: str) -> ModuleTask:
    return ModuleTask(root="/src", path=path, package=path.rpartition("/")[0] or "(top level)")


def finding(rule: str, path: str, line: int = 1, **fields: Any) -> Finding:
    known = {"column": 1, "symbol": "f", "message": "m", "evidence": "x", **fields}
    return Finding(
        rule=rule, kind=RULES[rule].kind, severity=RULES[rule].severity, path=path, line=line, **known
    )


def stats(**fields: int) -> ModuleStats:
    return ModuleStats(
        **{"bytes": 100, "lines": 10, "functions": 2, "classes": 1, "max_complexity": 3, **fields}
    )


def checked(path: str, *accepted: Finding, **fields: Any) -> CheckedReview:
    return CheckedReview(module=module(path), accepted=accepted, **{"stats": stats(), **fields})


PATHS = st.sampled_from(["a.py", "p/a.py", "p/b.py", "p/q/c.py"])
FINDINGS = st.builds(
    finding,
    rule=st.sampled_from([rule for rule in RULES if not rule.startswith("C")]),
    path=PATHS,
    line=st.integers(1, 5),
    symbol=st.sampled_from(["f", "g"]),
)
COMPLEX = st.integers(1, 90).map(lambda n: finding(complexity_rule(n), "p/a.py", metric=n))
REVIEWS = st.builds(
    CheckedReview,
    module=PATHS.map(module),
    accepted=st.lists(FINDINGS | COMPLEX, max_size=4).map(tuple),
    rejected=st.lists(
        st.builds(Rejection, finding=FINDINGS, reason=st.sampled_from(["no", "not so"])), max_size=3
    ).map(tuple),
    omitted=st.integers(0, 3),
    stats=st.builds(stats, lines=st.integers(0, 50), waived=st.integers(0, 2)),
    skipped=st.none() | st.none() | st.just("syntax error"),
)
FAILURES = st.builds(ModuleFailure, module=PATHS.map(module), reason=st.sampled_from(["died", "timed out"]))


@given(st.lists(REVIEWS, max_size=8), st.lists(FAILURES, max_size=3), st.randoms(use_true_random=False))
def test_reviews_in_any_order_and_any_number_of_times_give_the_same_report_byte_for_byte(
    reviews: list[CheckedReview], failures: list[ModuleFailure], random: Any
) -> None:
    report = aggregate(reviews, failures)
    again, failed_again = [*reviews, *reviews[:3]], [*failures, *failures[:1]]
    random.shuffle(again)
    random.shuffle(failed_again)
    shuffled = aggregate(iter(again), iter(failed_again))
    assert shuffled == report
    assert render_markdown(shuffled) == render_markdown(report)
    assert render_json(shuffled) == render_json(report)


@given(st.lists(REVIEWS, max_size=8, unique_by=lambda review: review.module), st.lists(FAILURES, max_size=4))
def test_totals_and_tables_add_up(reviews: list[CheckedReview], failures: list[ModuleFailure]) -> None:
    report = aggregate(reviews, failures, listed=None)
    totals = report.totals
    assert totals.modules == totals.reviewed + totals.skipped + totals.failed
    assert totals.modules == len(
        {*(review.module for review in reviews), *(failure.module for failure in failures)}
    )
    assert totals.reported == totals.accepted + totals.rejected
    assert totals.accepted == len(report.worst) == report.counts.total
    assert totals.rejected == len(report.rejected)
    kinds = (report.counts.complexity, report.counts.risky, report.counts.docstring, report.counts.dead_code)
    assert sum(kinds) == totals.accepted
    for name in ("high", "medium", "low", "score"):
        assert sum(getattr(p.counts, name) for p in report.packages) == getattr(report.counts, name)
        assert sum(getattr(m.counts, name) for m in report.modules) == getattr(report.counts, name)
    assert sum(package.lines for package in report.packages) == totals.lines
    assert sum(rule.accepted for rule in report.rules) == totals.accepted
    assert sum(rule.rejected for rule in report.rules) == totals.rejected


@given(st.lists(FINDINGS | COMPLEX, max_size=20))
def test_the_worst_come_first_and_no_lower_severity_before_a_higher_one(findings: list[Finding]) -> None:
    worst = aggregate([checked("p/a.py", *findings)]).worst
    assert sorted((score(each) for each in worst), reverse=True) == [score(each) for each in worst]
    severities = ["high", "medium", "low"]
    assert sorted(worst, key=lambda each: severities.index(each.severity)) == list(worst)


@pytest.mark.parametrize("rule", [*RULES.values()], ids=[*RULES])
def test_every_score_lies_in_the_band_of_its_severity(rule: Any) -> None:
    low, high = SEVERITY_BANDS[rule.severity]
    for metric in (None, 0, 11, 20, 21, 40, 41, 500) if rule.kind == "complexity" else (None,):
        assert low <= score(finding(rule.id, "a.py", metric=metric)) <= high


def test_a_module_that_was_reviewed_after_all_is_no_failure() -> None:
    report = aggregate([checked("a.py")], [ModuleFailure(module=module("a.py"), reason="died")])
    assert (report.totals.reviewed, report.totals.failed, report.failed) == (1, 0, ())


def test_skipped_and_failed_modules_are_listed_with_their_reasons() -> None:
    skipped = CheckedReview(module=module("b.py"), skipped="syntax error in line 3")
    report = aggregate(
        [checked("a.py"), skipped], [ModuleFailure(module=module("c.py"), reason="died\nhard")]
    )
    text = render_markdown(report)
    assert "- `b.py`: syntax error in line 3" in text
    assert "- `c.py`: died\\\\nhard" in text
    assert report.totals.modules == 3


def test_lists_hold_as_many_entries_as_asked_for_and_totals_count_all() -> None:
    rejected = tuple(Rejection(finding=finding("D103", "a.py", n), reason="no") for n in range(1, 8))
    many = [
        checked(f"{n}.py", finding("R101", f"{n}.py"), rejected=rejected if n == 1 else ()) for n in range(9)
    ]
    many += [CheckedReview(module=module(f"s{n}.py"), skipped="no") for n in range(6)]
    report = aggregate(many, listed=4)
    lists = (report.worst, report.modules, report.rejected, report.skipped)
    assert [len(entries) for entries in lists] == [4, 4, 4, 4]
    assert (report.totals.accepted, report.totals.rejected, report.totals.skipped) == (9, 7, 6)


def test_the_markdown_says_where_the_rest_of_a_list_is() -> None:
    many = [checked(f"{n:02}.py", finding("R101", f"{n:02}.py")) for n in range(40)]
    assert "These are 25 of 40 findings; the JSON report lists all." in render_markdown(aggregate(many))
    shortened = render_markdown(aggregate(many, listed=30))
    assert "These are 25 of 40 findings; the JSON report lists the first 30." in shortened
    assert "These are" not in render_markdown(aggregate(many[:25]))


def test_a_table_of_very_many_packages_sums_up_the_rest() -> None:
    many = [checked(f"p{n:02}/m.py", finding("D103", f"p{n:02}/m.py")) for n in range(50)]
    text = render_markdown(aggregate(many))
    assert "| 10 more | 10 | 100 | 0 | 0 | 10 | 0 | 0 | 10 | 0 | 3 | 20 | 200 |" in text
    assert "| **All** | **50** | **500** |" in text


def test_the_reason_of_a_failure_is_clipped() -> None:
    report = aggregate([], [ModuleFailure(module=module("a.py"), reason="x" * 10_000)])
    assert len(report.failed[0].reason) == 160


def test_a_report_is_a_message() -> None:
    report = aggregate([checked("p/a.py", finding("R101", "p/a.py"))])
    assert AuditReport.model_validate(msgpack.unpackb(msgpack.packb(report.model_dump()))) == report
    assert AuditReport.model_validate(json.loads(render_json(report))["report"]) == report


def test_an_audit_of_nothing_renders_too() -> None:
    text = render_markdown(aggregate([]))
    assert "0 modules of nothing" in text
    assert "Nothing was found." in text
    assert text.endswith("\n")


def test_what_differs_between_runs_stands_apart_at_the_end_and_only_when_passed() -> None:
    report = aggregate([checked("p/a.py", finding("R101", "p/a.py"))])
    plain, with_run = render_markdown(report), render_markdown(report, RUN)
    assert RUN_HEADING not in plain
    assert with_run.startswith(plain)
    assert with_run[len(plain) :].strip().startswith(RUN_HEADING)
    assert (
        "9 agents on the ray host handled 2,345 messages in 12.3 s, with 1 restart, under Python 3.11.7."
        in with_run
    )
    with_facts, without = json.loads(render_json(report, RUN)), json.loads(render_json(report))
    assert with_facts["report"] == without["report"]
    assert without["run"] is None
    assert with_facts["run"]["wall_s"] == 12.345


def test_the_markdown_of_a_small_audit_is_this() -> None:
    reviews = [
        checked(
            "pkg/core.py",
            finding(
                "R101", "pkg/core.py", 7, symbol="run", message="eval() runs a value computed at run time"
            ),
            finding("C102", "pkg/core.py", 20, symbol="K.go", message="cyclomatic complexity 31", metric=31),
            stats=stats(lines=120, max_complexity=31, waived=1),
        ),
        checked(
            "tool.py",
            finding("U101", "tool.py", 2, symbol="os", message="os is imported and never used"),
            rejected=(
                Rejection(
                    finding=finding("U103", "tool.py", 9, message="private _f is never referenced"),
                    reason="referenced by pkg/core.py",
                ),
            ),
        ),
        CheckedReview(module=module("pkg/old.py"), skipped="syntax error in line 1: print"),
    ]
    text = render_markdown(aggregate(reviews))
    assert text[: text.index("## How this was produced")] == EXPECTED


EXPECTED = """\
# Code audit

2 modules of `/src`: 130 lines, 4 functions, 2 classes.

**3 findings confirmed** (1 high, 1 medium, 1 low). The reviewers reported 4; the checker rejected 1 of them \
after looking at the source again.

| Kind | Confirmed | Share |
| --- | ---: | --- |
| Complexity | 1 | `███░░░░░░░` |
| Risky code | 1 | `███░░░░░░░` |
| Missing docstrings | 0 | `░░░░░░░░░░` |
| Dead code | 1 | `███░░░░░░░` |

## Where to look first

| # | Score | Severity | Place | In | What |
| ---: | ---: | --- | --- | --- | --- |
| 1 | 85 | high | `pkg/core.py:7` | `run` | eval() runs a value computed at run time (R101) |
| 2 | 40 | medium | `pkg/core.py:20` | `K.go` | cyclomatic complexity 31 (C102) |
| 3 | 6 | low | `tool.py:2` | `os` | os is imported and never used (U101) |

## Packages

| Package | Modules | Lines | High | Medium | Low | Complexity | Risky | Docstrings | Dead code | Most complex \
| Score | Score per 1,000 lines |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| `pkg` | 1 | 120 | 1 | 1 | 0 | 1 | 1 | 0 | 0 | 31 | 125 | 1,042 |
| `(top level)` | 1 | 10 | 0 | 0 | 1 | 0 | 0 | 0 | 1 | 3 | 6 | 600 |
| **All** | **2** | **130** | **1** | **1** | **1** | **1** | **1** | **0** | **1** | **31** | **131** | **1,008** |

## Modules with the most

| Module | Lines | High | Medium | Low | Score |
| --- | ---: | ---: | ---: | ---: | ---: |
| `pkg/core.py` | 120 | 1 | 1 | 0 | 125 |
| `tool.py` | 10 | 0 | 0 | 1 | 6 |

## Rules

| Rule | Severity | What | Confirmed | Rejected |
| --- | --- | --- | ---: | ---: |
| `C102` | medium | very complex function (ranks D, E: 21 to 40 paths) | 1 | 0 |
| `R101` | high | eval or exec of a computed value | 1 | 0 |
| `U101` | low | unused import | 1 | 0 |
| `U103` | low | private definition is never referenced | 0 | 1 |

## Rejected by the checker

| Place | Reported | Why it does not count |
| --- | --- | --- |
| `tool.py:9` | private \\_f is never referenced (U103) | referenced by pkg/core.py |

## Not reviewed

Skipped (1):

- `pkg/old.py`: syntax error in line 1: print

Findings waived by a `noqa` or `nosec` comment in the source: 1.

"""

HOSTILE = st.text(alphabet="`|\\*_[]<>#&!\n\r\t \u2028\x00ab-", min_size=1, max_size=40)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_text_from_a_source_tree_breaks_a_table_or_becomes_markup(
    path: str, symbol: str, message: str
) -> None:
    safe_path = "p" + re.sub(r"[\x00/]", "", path)
    hostile = finding("R101", safe_path, symbol=symbol, message=message)
    rejected = Rejection(finding=hostile, reason=message)
    reviews = [
        checked(safe_path, hostile, rejected=(rejected,)),
        CheckedReview(module=module("q" + safe_path), skipped=message),
    ]
    usual = render_markdown(
        aggregate([checked("x.py", finding("R101", "x.py"), rejected=(rejected,)), *reviews[1:]])
    )
    text = render_markdown(aggregate(reviews))
    assert len(text.splitlines()) == len(usual.splitlines())
    for line in text.splitlines():
        if line.startswith("|"):
            header = line
            assert header.endswith("|")
    cells = {len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line.startswith("| 1 |")}
    assert cells == {7}


def test_markup_characters_are_escaped_outside_code_and_fenced_inside() -> None:
    assert escape("a|b *c* <d> _e_\n") == r"a\|b \*c\* \<d\> \_e\_\\n"
    assert code("x") == "`x`"
    assert code("a|b") == r"`a\|b`"
    assert code("a`b") == "``a`b``"
    assert code("`") == "`` ` ``"
    assert table(["A", "B:"], [["1", "2"]]) == ["| A | B |", "| --- | ---: |", "| 1 | 2 |"]


@pytest.mark.parametrize(
    ("part", "whole", "filled"),
    [(0, 0, 0), (0, 5, 0), (1, 1_000, 1), (1, 2, 5), (999, 1_000, 10), (7, 7, 10)],
)
def test_a_bar_shows_a_share_and_never_hides_a_small_one(part: int, whole: int, filled: int) -> None:
    assert bar(part, whole) == "█" * filled + "░" * (10 - filled)
