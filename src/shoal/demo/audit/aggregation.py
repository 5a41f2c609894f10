"""Merge checked reviews into one report: a pure function of the set of reviews, not of their order or number.

A module that was delivered twice counts once; of two different reviews of one module the same one wins in any
order. A module that was reviewed after all is no failure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from shoal.demo.audit.models import (
    REASON_CHARS,
    AuditReport,
    CheckedReview,
    Counts,
    Finding,
    Kind,
    Message,
    ModuleFailure,
    ModuleSummary,
    ModuleTask,
    PackageSummary,
    Rejection,
    RuleCount,
    Severity,
    Skip,
    Totals,
)
from shoal.demo.audit.rules import RULES, rank, score
from shoal.demo.audit.source import clip, printable

LISTED = 10_000
"""Entries of each list in a report, unless the caller asks for another number; a stdlib has fewer."""

M = TypeVar("M", CheckedReview, ModuleFailure)


def aggregate(
    reviews: Iterable[CheckedReview], failures: Iterable[ModuleFailure] = (), *, listed: int | None = LISTED
) -> AuditReport:
    """The report over all modules that were reviewed, skipped or failed; ``listed=None`` lists everything."""
    checked = _unique(reviews)
    done = {_key(review.module) for review in checked}
    failed = [failure for failure in _unique(failures) if _key(failure.module) not in done]
    reviewed = [review for review in checked if review.skipped is None]
    accepted = sorted((finding for review in reviewed for finding in review.accepted), key=rank)
    rejected = sorted((rejection for review in checked for rejection in review.rejected), key=_rejection_rank)
    skips = [_skip(review.module, review.skipped) for review in checked if review.skipped is not None]
    modules = [*(review.module for review in checked), *(failure.module for failure in failed)]
    return AuditReport(
        roots=tuple(sorted({module.root for module in modules})),
        totals=_totals(checked, reviewed, failed, len(accepted), len(rejected)),
        counts=_counts(accepted),
        packages=_packages(reviewed),
        rules=_rules(accepted, [rejection.finding for rejection in rejected]),
        modules=_modules(reviewed)[:listed],
        worst=tuple(accepted[:listed]),
        rejected=tuple(rejected[:listed]),
        skipped=tuple(skips[:listed]),
        failed=tuple(_skip(failure.module, failure.reason) for failure in failed[:listed]),
    )


def _key(module: ModuleTask) -> tuple[str, str]:
    return module.root, module.path


def _skip(module: ModuleTask, reason: str) -> Skip:
    return Skip(path=module.path, reason=clip(printable(reason), REASON_CHARS))


def _text(message: Message) -> str:
    return message.model_dump_json()


def _unique(items: Iterable[M]) -> list[M]:
    """One item a module, in the order of the modules."""
    by_module: dict[tuple[str, str], M] = {}
    for item in items:
        key = _key(item.module)
        known = by_module.get(key)
        if known is None or (known != item and _text(item) < _text(known)):
            by_module[key] = item
    return [by_module[key] for key in sorted(by_module)]


def _rejection_rank(rejection: Rejection) -> tuple[object, ...]:
    return (*rank(rejection.finding), rejection.reason)


def _counts(findings: Sequence[Finding]) -> Counts:
    kinds: Counter[Kind] = Counter(finding.kind for finding in findings)
    severities: Counter[Severity] = Counter(finding.severity for finding in findings)
    return Counts(
        complexity=kinds["complexity"],
        risky=kinds["risky"],
        docstring=kinds["docstring"],
        dead_code=kinds["dead-code"],
        high=severities["high"],
        medium=severities["medium"],
        low=severities["low"],
        score=sum(score(finding) for finding in findings),
    )


def _totals(
    checked: Sequence[CheckedReview],
    reviewed: Sequence[CheckedReview],
    failed: Sequence[ModuleFailure],
    accepted: int,
    rejected: int,
) -> Totals:
    return Totals(
        modules=len(checked) + len(failed),
        reviewed=len(reviewed),
        skipped=len(checked) - len(reviewed),
        failed=len(failed),
        lines=_stat(reviewed, "lines"),
        functions=_stat(reviewed, "functions"),
        classes=_stat(reviewed, "classes"),
        reported=accepted + rejected,
        accepted=accepted,
        rejected=rejected,
        omitted=sum(review.omitted for review in checked),
        waived=_stat(reviewed, "waived"),
    )


def _stat(reviews: Sequence[CheckedReview], name: str, of: Callable[[Iterable[int]], int] = sum) -> int:
    return of([int(getattr(review.stats, name)) for review in reviews if review.stats] or [0])


def _packages(reviewed: Sequence[CheckedReview]) -> tuple[PackageSummary, ...]:
    members: defaultdict[str, list[CheckedReview]] = defaultdict(list)
    for review in reviewed:
        members[review.module.package].append(review)
    summaries = [
        PackageSummary(
            package=package,
            modules=len(group),
            lines=_stat(group, "lines"),
            functions=_stat(group, "functions"),
            max_complexity=_stat(group, "max_complexity", max),
            counts=_counts([finding for review in group for finding in review.accepted]),
        )
        for package, group in members.items()
    ]
    return tuple(sorted(summaries, key=lambda summary: (-summary.counts.score, summary.package)))


def _modules(reviewed: Sequence[CheckedReview]) -> tuple[ModuleSummary, ...]:
    summaries = [
        ModuleSummary(
            path=review.module.path, lines=_stat([review], "lines"), counts=_counts(review.accepted)
        )
        for review in reviewed
        if review.accepted
    ]
    return tuple(sorted(summaries, key=lambda summary: (-summary.counts.score, summary.path)))


def _rules(accepted: Sequence[Finding], rejected: Sequence[Finding]) -> tuple[RuleCount, ...]:
    yes, no = Counter(finding.rule for finding in accepted), Counter(finding.rule for finding in rejected)
    order = [*RULES, *sorted({*yes, *no} - set(RULES))]
    return tuple(
        RuleCount(rule=rule, accepted=yes[rule], rejected=no[rule]) for rule in order if yes[rule] + no[rule]
    )
