"""The audit's team on the local host: nothing gets lost, whatever happens to a reviewer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from rich.console import Console

import shoal
from shoal.demo import agents
from shoal.demo.agents import AuditRequest, Modules
from shoal.demo.audit import AuditReport, ModuleReview, ModuleTask, review
from shoal.demo.session import Options, Session
from shoal.demo.team import AuditTeam, build_audit_team
from tests.demo.audit.trees import write


@pytest_asyncio.fixture
async def system(tmp_path: Path) -> AsyncIterator[shoal.System]:
    async with shoal.start(
        "local", run="audit", runs_root=tmp_path / "runs", isolate=True, stop_grace_s=0.2
    ) as running:
        yield running


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name in "abcdef":
        write(root, f"{name}.py", f'"""Module {name}."""\n\nimport os\n')
    write(root, "broken.py", "def g(:\n")
    return root


async def _audit(system: shoal.System, tree: Path, **sizes: int) -> AuditReport:
    team = await build_audit_team(system, **{"reviewers": 2, "checkers": 1, **sizes})
    return await _audit_by(team, system, tree)


async def _audit_by(team: AuditTeam, system: shoal.System, tree: Path) -> AuditReport:
    request = AuditRequest(path=str(tree))
    session = Session(Options(request, 2, 1, "local", None, 0, False, 0), Console(quiet=True))
    modules: Modules = await team.lead.ask(request)
    await session._do_modules(system, team, modules)
    return await session._report(team)


async def test_the_team_audits_a_tree_and_counts_every_module(system: shoal.System, tree: Path) -> None:
    report = await _audit(system, tree)
    assert (report.totals.modules, report.totals.reviewed, report.totals.skipped, report.totals.failed) == (
        7,
        6,
        1,
        0,
    )
    assert report.counts.dead_code == 6


async def test_more_reviewers_make_the_same_report(system: shoal.System, tree: Path, tmp_path: Path) -> None:
    first = await _audit(system, tree)
    async with shoal.start("local", run="other", runs_root=tmp_path) as other:
        assert await _audit(other, tree, reviewers=5, checkers=3) == first


async def test_a_module_whose_reviewer_raises_is_reported_as_failed_with_the_reason(
    system: shoal.System, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_on_c(task: ModuleTask) -> ModuleReview:
        if task.path == "c.py":
            raise ValueError("cannot look at c")
        return review(task)

    monkeypatch.setattr(agents, "review", fails_on_c)
    report = await _audit(system, tree)
    assert report.totals.reviewed == 5
    (failed,) = report.failed
    assert failed.path == "c.py"
    assert "cannot look at c" in failed.reason


async def test_a_module_whose_checker_raises_is_reported_as_failed_also_when_it_was_skipped(
    system: shoal.System, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(reviewed: ModuleReview) -> None:
        raise ValueError("cannot check")

    monkeypatch.setattr(agents, "check", fails)
    report = await _audit(system, tree)
    assert (report.totals.reviewed, report.totals.failed) == (0, 7)
    assert all("cannot check" in failed.reason for failed in report.failed)


async def test_another_reviewer_takes_over_from_one_that_is_gone(
    system: shoal.System, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, began = threading.Event(), threading.Event()

    def held(task: ModuleTask) -> ModuleReview:
        began.set()
        assert go_on.wait(30)
        return review(task)

    monkeypatch.setattr(agents, "review", held)
    team = await build_audit_team(system, reviewers=2, checkers=1)
    audit = asyncio.ensure_future(_audit_by(team, system, tree))
    assert await asyncio.to_thread(began.wait, 30)
    await system.stop("audit/review/1", kill=True)
    go_on.set()
    report = await audit
    assert (report.totals.modules, report.totals.reviewed, report.totals.failed) == (7, 6, 0)


async def test_modules_fail_with_the_reason_when_no_reviewer_is_left(
    system: shoal.System, tree: Path
) -> None:
    team = await build_audit_team(system, reviewers=1, checkers=1)
    await system.stop("audit/review/1")
    report = await _audit_by(team, system, tree)
    assert (report.totals.reviewed, report.totals.skipped, report.totals.failed) == (0, 0, 7)
    assert all(
        "audit/review/1 is stopped: stopped by the client" in failed.reason for failed in report.failed
    )
