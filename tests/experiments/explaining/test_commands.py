"""``shoal trace``, ``shoal why`` and ``shoal failures`` on a run that was made by real agents."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from shoal.actors.llm.spending import Spent
from shoal.experiments.explaining.choosing import Choice, Choices, choices_page
from shoal.experiments.explaining.failures_command import failures
from shoal.experiments.explaining.trace_command import trace
from shoal.experiments.explaining.why_command import why
from tests.experiments.explaining.running import make_run

app = typer.Typer()
app.command()(trace)
app.command()(why)
app.command()(failures)


def run(*arguments: str | Path, status: int = 0) -> str:
    """What a command prints; on standard error where it fails."""
    done = CliRunner(env={"COLUMNS": "120"}).invoke(app, [*map(str, arguments)])
    assert done.exit_code == status, done.output
    return done.stdout if not status else done.stderr


def test_trace_draws_a_task(run_dir: Path) -> None:
    text = run("trace", run_dir, "t-1")
    assert "writer handles str" in text
    assert "◆ scripted" in text
    assert "▤ put notes/t-1" in text
    assert "1,000→100" in text


def test_trace_by_name_and_root_is_the_same(run_dir: Path) -> None:
    assert run("trace", "desk", "t-1", "--root", run_dir.parent) == run("trace", run_dir, "t-1")


def test_trace_without_a_task_lists_those_worth_a_look(run_dir: Path) -> None:
    text = run("trace", run_dir)
    assert "slowest of 3 tasks" in text
    assert "$0.0020" in text
    assert "ValueError" in text
    assert "shoal trace desk t-" in text
    listed = json.loads(run("trace", run_dir, "--json"))
    assert [one["task"] for one in listed["failed"]] == ["t-bad"]


@pytest.mark.parametrize(
    ("tasks", "shown"),
    [
        (["a b; rm"], "shoal trace odd 'a b; rm'"),
        (["--full", "plain"], "shoal trace odd plain"),
        (["two\nlines", "\x1b[1m"], "shoal trace odd TASK"),
    ],
)
def test_the_example_is_one_that_can_be_typed(tasks: list[str], shown: str) -> None:
    listed = [Choice(task, "done", 1.0, Spent(), "", "") for task in tasks]
    console = Console(width=120, record=True, file=StringIO())
    console.print(choices_page(Choices("odd", len(listed), listed, [], [])))
    assert console.export_text().rstrip().endswith(f"look at one: {shown}")


def test_trace_as_json_has_every_span_and_sums_that_agree_with_them(run_dir: Path) -> None:
    record = json.loads(run("trace", run_dir, "t-1", "--json"))
    tokens = sum(span.get("data", {}).get("input_tokens", 0) for span in record["spans"])
    assert record["sums"]["input_tokens"] == tokens == 1000
    assert record["missing"] == []


def test_trace_lists_messages(run_dir: Path) -> None:
    assert "front → writer" in run("trace", run_dir, "t-1", "--messages")


def test_why_and_failures_speak_both_ways(run_dir: Path) -> None:
    assert "“a fine answer”" in run("why", run_dir, "t-1")
    assert json.loads(run("why", run_dir, "t-1", "--json"))["task"] == "t-1"
    assert "1 × ValueError" in run("failures", run_dir)
    assert json.loads(run("failures", run_dir, "--json"))["states"] == {"done": 2, "failed": 1}


@pytest.mark.parametrize("command", ["trace", "why"])
def test_a_task_that_is_not_there_is_one_line_with_those_like_it(run_dir: Path, command: str) -> None:
    text = run(command, run_dir, "t-3", status=1)
    assert text.startswith(f"shoal {command}: there is no task 't-3' in run 'desk'. Did you mean ")
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize("command", ["trace", "why", "failures"])
def test_a_run_that_is_not_there_is_one_line(tmp_path: Path, command: str) -> None:
    task = ["x"] if command == "why" else []
    assert "there is no run 'none'" in run(command, "none", *task, "--root", tmp_path, status=1)


def test_an_endpoint_that_is_none_is_bad_input(run_dir: Path) -> None:
    assert "http://127.0.0.1:4318" in run("trace", run_dir, "--otlp", "nonsense", status=2)


async def test_a_run_that_journals_tasks_only_shows_its_model_calls_and_says_what_is_missing(
    tmp_path: Path,
) -> None:
    await make_run(tmp_path, journal="tasks", run="plain")
    text = run("trace", tmp_path / "plain", "t-1")
    assert "◆ scripted by writer" in text
    assert "journal='messages'" in text
    assert "not in the journal" not in text
    why = run("why", tmp_path / "plain", "t-1")
    assert "journal='messages'" in why
    assert "model said scripted by writer “a fine answer”" in why
    assert why.count("! ") == 1
    assert "1 × ValueError" in run("failures", tmp_path / "plain")
