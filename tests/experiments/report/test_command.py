"""The command: a file, or one line that says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgpack
import pytest
import typer
from typer.testing import CliRunner

from shoal.experiments.finished import ExperimentRun
from shoal.experiments.report.command import report
from shoal.experiments.report.making import make_report
from shoal.experiments.report.run_reading import read_run
from shoal.experiments.report.run_section import run_section
from shoal.experiments.report.summary_figures import tiles
from shoal.experiments.result import State
from shoal.experiments.running.summary import summary_of
from shoal.runtime.journal.journal import Journal
from shoal.runtime.journal.records import Event, MessagesHandled, SpansNoted, messages_handled
from shoal.runtime.journal.run_directory import RunDirectory
from tests.experiments.report.made_runs import BEGAN, write_run

app = typer.Typer()
app.command()(report)


def said(*words: str) -> tuple[int, str]:
    """Status and output of the command, on one line."""
    result = CliRunner().invoke(app, list(words), env={"COLUMNS": "400"})
    return result.exit_code, " ".join(result.output.split())


def test_a_report_is_written_for_its_owner_alone_and_replaces_an_older_one(tmp_path: Path) -> None:
    write_run(tmp_path)
    out = tmp_path / "page.html"
    out.write_text("older")
    status, output = said("made", "--root", str(tmp_path), "--out", str(out))
    assert (status, "page.html" in output) == (0, True)
    assert out.read_text().startswith("<!doctype html>")
    assert out.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.glob(".report-*")] == []


def test_a_report_without_a_place_lies_here_under_the_runs_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "runs", "one")
    write_run(tmp_path / "runs", "two")
    assert said("one", "--root", "runs")[0] == 0
    assert said(str(tmp_path / "runs" / "one"), "runs/two")[0] == 0
    assert sorted(path.name for path in tmp_path.glob("*.html")) == [
        "comparison-report.html",
        "one-report.html",
    ]


def test_a_run_that_is_not_there_is_named(tmp_path: Path) -> None:
    status, output = said("nothing", "--root", str(tmp_path))
    assert status == 1
    assert "there is no run 'nothing'" in output


def test_a_run_of_another_program_is_refused(tmp_path: Path) -> None:
    RunDirectory.create("other", root=tmp_path, now=BEGAN).close()
    status, output = said("other", "--root", str(tmp_path), "--out", str(tmp_path / "x.html"))
    assert status == 1
    assert "made by a program, not by an experiment" in output


def test_a_run_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    write_run(tmp_path)
    status, output = said("made", "made", "--root", str(tmp_path), "--out", str(tmp_path / "x.html"))
    assert status == 2
    assert "given twice" in output


@pytest.mark.parametrize(
    ("out", "why"), [("", "is a directory"), ("no/where/x.html", "there is no directory")]
)
def test_a_place_that_cannot_be_written_is_told_before_the_run_is_read(
    tmp_path: Path, out: str, why: str
) -> None:
    write_run(tmp_path)
    status, output = said("made", "--root", str(tmp_path), "--out", str(tmp_path / out))
    assert status == 2
    assert why in output


@pytest.mark.parametrize("file", ["results.jsonl", "tasks.jsonl", "team.json", "experiment.json"])
def test_a_damaged_file_is_named(tmp_path: Path, file: str) -> None:
    path = write_run(tmp_path)
    (path / file).write_text("{nothing\n")
    status, output = said("made", "--root", str(tmp_path), "--out", str(tmp_path / "x.html"))
    assert status == 1
    assert file in output
    assert "damaged" in output
    assert not (tmp_path / "x.html").exists()


def test_a_graph_that_is_none_leaves_out_the_picture_and_the_page_says_so(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    (path / "team.json").write_text(json.dumps({"members": {"a": 3}}))
    html = make_report([str(path)], now=0.0)
    assert "does not describe a team" in html


@pytest.mark.parametrize(
    "environment",
    [
        {"sessions": [{"argv": 5, "git": 3, "host": [1]}], "seed": [1]},
        {"sessions": 5, "team": 3},
        {"sessions": {"argv": "x"}},
        {"sessions": [{"argv": "run x"}]},
    ],
)
def test_an_environment_that_somebody_wrote_leaves_out_what_is_none(
    tmp_path: Path, environment: dict[str, object]
) -> None:
    path = write_run(tmp_path)
    (path / "environment.json").write_text(json.dumps(environment))
    assert "What was run" in make_report([str(path)], now=0.0)


def test_rows_of_wrong_types_in_the_journal_are_left_out(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    good: list[Any] = [b"m" * 12, None, "t0", "a", "odd-agent", "str", 1, BEGAN, 0.1, "done", 0.0, 1, 1]
    bad = [
        [*good[:at], value, *good[at + 1 :]]
        for at, value in ((0, 5), (4, None), (7, "x"), (8, []), (12, None))
    ]
    journal = Journal(path / "journal.db")
    journal.append([MessagesHandled(len(bad), BEGAN, BEGAN, msgpack.packb(bad))])
    span: list[Any] = [b"s" * 8, b"m" * 12, "t0", "odd-agent", "model", "x", BEGAN, 0.1, "ok", {}]
    spans = [[*span[:at], value, *span[at + 1 :]] for at, value in ((0, "zz"), (3, 4), (6, None), (9, "x"))]
    journal.append([SpansNoted(len(spans), BEGAN, BEGAN, msgpack.packb(spans))])
    journal.close()
    html = make_report([str(path)], now=0.0)
    assert "odd-agent" not in html
    assert html == make_report([str(write_run(tmp_path / "other"))], now=0.0).replace(
        str(tmp_path / "other"), str(tmp_path)
    )


def test_the_table_of_restarts_counts_time_of_work_without_the_pause_between_sessions(tmp_path: Path) -> None:
    path = write_run(tmp_path, finished=False)
    journal = Journal(path / "journal.db")
    journal.append([
        Event(BEGAN + 10_000, "run_started", None, None, {}),
        Event(BEGAN + 10_002, "restarting", "team/r2", None, {"reason": "killed later"}),
    ])  # fmt: skip
    journal.close()
    with ExperimentRun(path) as run:
        found = run_section(read_run(run, 100), "run1").happenings
    (late,) = [one for one in found if one.reason == "killed later"]
    assert late.after_s == pytest.approx(8.5)  # the first session's last task ended at 6.5
    assert late.when.endswith("10:46:42 UTC")


def test_a_task_of_very_many_messages_has_a_trace_with_its_root(tmp_path: Path) -> None:
    path = write_run(tmp_path, tasks=1)
    journal = Journal(path / "journal.db")
    mine, front = (0).to_bytes(12, "big"), b"f" * 12
    leaves = [
        (number.to_bytes(12, "little"), front, "t0", "team/f", "team/leaf", "int", 1, BEGAN + 0.2, 0.0, "done",
         0.0, 1, 1)
        for number in range(1, 6001)
    ]  # fmt: skip
    root = (front, mine, "t0", "team", "team/f", "str", 1, BEGAN + 0.1, 0.5, "done", 0.0, 1, 1)
    journal.append([messages_handled(leaves), messages_handled([root])])
    journal.close()
    with ExperimentRun(path) as run:
        trace = read_run(run, 100).worst[0].trace
    assert trace is not None
    assert trace.missing == ()
    assert trace.sums.messages == 6003
    shown = [(row.depth, row.node.agent) for row in trace.rows if row.node is not None]
    assert shown[:2] == [(0, "team"), (1, "team")]
    assert (2, "team/f") in shown
    assert (3, "team/leaf") in shown


def test_a_run_that_never_began_has_a_report_that_says_so(tmp_path: Path) -> None:
    with RunDirectory.create(
        "empty", root=tmp_path, settings={"journal": "messages"}, now=BEGAN
    ) as directory:
        (directory.path / "experiment.json").write_text('{"name": "empty"}')
    html = make_report([str(tmp_path / "empty")], now=0.0)
    assert "Nothing of this run was begun" in html


def test_a_run_without_an_end_is_reported_from_its_ledger(tmp_path: Path) -> None:
    path = write_run(tmp_path, tasks=6, finished=False)
    lines = (path / "results.jsonl").read_text().splitlines()
    (path / "results.jsonl").write_text("\n".join(lines[:2]) + "\n")
    html = make_report([str(path)], now=0.0)
    assert "interrupted" in html
    assert "6 ended" in html


def test_a_run_that_its_budget_ended_is_reported_as_it_was_written_down(tmp_path: Path) -> None:
    path = write_run(tmp_path, tasks=3)
    with ExperimentRun(path) as run:
        first, *rest = run.results()
    cut = first.model_copy(update={"state": State.NOT_STARTED, "error": "BudgetExceeded", "ended_at": None})
    lines = [one.model_dump_json() for one in (cut, *rest)]
    (path / "results.jsonl").write_text("".join(f"{line}\n" for line in lines))
    with ExperimentRun(path) as run:
        summary = summary_of(run.results()).model_copy(update={"complete": False})
    (path / "summary.json").write_text(summary.model_dump_json())
    html = make_report([str(path)], now=0.0)
    assert "1 not started" in html
    assert "shoal resume made" in html


def test_a_run_that_is_running_says_so(tmp_path: Path) -> None:
    write_run(tmp_path, finished=False)
    with RunDirectory.open("made", root=tmp_path):
        html = make_report([str(tmp_path / "made")], now=0.0)
    assert "The run is going on" in html


def test_a_run_that_journals_no_messages_has_a_report_that_says_what_it_lacks(tmp_path: Path) -> None:
    with RunDirectory.create("quiet", root=tmp_path, settings={"journal": "tasks"}, now=BEGAN) as directory:
        (directory.path / "experiment.json").write_text('{"name": "quiet"}')
    html = make_report([str(tmp_path / "quiet")], now=0.0)
    assert "does not journal messages" in html


def test_failed_tasks_are_counted_also_while_they_are_tried_again_by_a_program_that_was_killed(
    tmp_path: Path,
) -> None:
    path = write_run(tmp_path, tasks=6)
    (path / "summary.json").write_text(json.dumps({"complete": True, "sessions": 1}))
    with RunDirectory.open("made", root=tmp_path) as directory:
        journal = Journal(directory.journal_path)
        journal.append([Event(BEGAN + 100, "run_started", None, None, {})])
        journal.close()
    with ExperimentRun(path) as run:
        results = list(run.results())
        kept = [one for one in results if one.state is not State.FAILED]
        (path / "results.jsonl").write_text("".join(f"{one.model_dump_json()}\n" for one in kept))
        facts = read_run(run, 10)
    assert (facts.summary.tasks, facts.summary.states[State.FAILED]) == (6, 2)
    assert facts.score is not None
    assert facts.score.value == pytest.approx(4 / 6)


def test_a_task_that_the_budget_cut_off_has_not_ended(tmp_path: Path) -> None:
    path = write_run(tmp_path, tasks=6)
    with ExperimentRun(path) as run:
        results = list(run.results())
        results[2] = results[2].model_copy(update={"ended_at": None, "took_s": None})
        (path / "results.jsonl").write_text("".join(f"{one.model_dump_json()}\n" for one in results))
        facts = read_run(run, 10)
    assert next(tile for tile in tiles(facts) if tile.label == "tasks").note == "5 ended"


def test_results_whose_last_line_is_cut_off_are_an_error_that_says_what_writes_them_anew(
    tmp_path: Path,
) -> None:
    path = write_run(tmp_path, tasks=6)
    results = (path / "results.jsonl").read_bytes()
    (path / "results.jsonl").write_bytes(results[:-40])
    status, output = said("made", "--root", str(tmp_path))
    assert status == 1
    assert f"damaged; `shoal resume {path}` writes it anew" in output
