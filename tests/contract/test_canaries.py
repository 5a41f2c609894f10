"""Twenty secrets in each part of a program that fails: nothing of what it leaves behind has one of them.

But for what a run cannot do without: messages of tasks, durable state and the values on a board are kept as they are.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from typer.testing import CliRunner

from shoal.cli import app
from tests.contract.canaries import ENVIRONMENT, KEPT, SECRETS
from tests.contract.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]


class Left:
    """What a program left behind."""

    def __init__(self, directory: Path, environment: dict[str, str], log: str) -> None:
        self.directory = directory
        self.log = log
        self.seen = (directory / "seen").read_text()
        self._environment = environment

    @property
    def run(self) -> Path:
        return self.directory / "runs" / "r"

    def page(self, *argv: str) -> str:
        """What ``shoal`` shows of the run, each on one very long line, to somebody with the same environment."""
        shown = CliRunner().invoke(app, argv, env={**self._environment, "COLUMNS": "20000"})
        assert shown.exit_code == 0, shown.output
        return shown.output

    def files(self, *parts: str) -> str:
        """The files under a directory, as text."""
        found = [path for path in self.directory.joinpath(*parts).rglob("*") if path.is_file()]
        assert found
        return "\n".join(path.read_bytes().decode(errors="replace") for path in found)


@pytest.fixture(
    scope="module", params=["local", pytest.param("ray", marks=[pytest.mark.ray, pytest.mark.slow])]
)
def left(request: pytest.FixtureRequest) -> Iterator[Left]:
    # Ray's sockets lie below, and their paths have a hundred characters at most.
    with tempfile.TemporaryDirectory(prefix="shoal", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        environment = {
            **os.environ, **ENVIRONMENT, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "SHOAL_LOG_LEVEL": "DEBUG",
            "SHOAL_RUNS": str(directory / "runs"), "RAY_TMPDIR": str(directory / "ray"),
        }  # fmt: skip
        environment.pop("RAY_ADDRESS", None)
        (directory / "ray").mkdir()
        program = subprocess.run(
            [sys.executable, "-m", "tests.contract.leaking", request.param, name], cwd=ROOT, env=environment,
            capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False,
        )  # fmt: skip
        assert program.returncode == 0, program.stderr[-4000:]
        yield Left(directory, environment, program.stdout + program.stderr)


def hits(text: str) -> list[str]:
    """The secrets in a text, as they are or as JSON, ``repr`` and URLs write them."""
    found = []
    for secret in SECRETS:
        forms = {
            secret,
            json.dumps(secret)[1:-1],
            repr(secret)[1:-1],
            quote(secret),
            *secret.splitlines()[1:-1],
        }
        found += [form for form in forms if form in text]
    return found


def test_there_are_twenty_and_they_are_found_where_they_are() -> None:
    assert len(set(SECRETS)) == 20
    assert all(hits(f"<{secret}>") for secret in SECRETS)


def test_errors_dead_letters_health_and_metrics_have_none(left: Left) -> None:
    assert left.seen.count("[redacted:") > 100
    assert hits(left.seen) == []


def test_the_log_has_none(left: Left) -> None:
    assert "[redacted:" in left.log
    assert hits(left.log) == []


def test_the_journal_has_none_but_keeps_what_a_task_was_given(left: Left) -> None:
    journal = "".join(
        path.read_bytes().decode(errors="replace") for path in left.run.iterdir() if path.is_file()
    )
    assert journal.count("[redacted:") > 20
    assert hits(journal) == []
    assert KEPT in journal


def test_the_pages_of_a_run_have_none(left: Left) -> None:
    pages = left.page("show", "r", "--events", "100", "--failures", "100") + left.page("runs")
    assert pages.count("[redacted:") > 5
    assert hits(pages) == []


@pytest.mark.parametrize(
    "command",
    [
        ("show",), ("show", "--json"), ("get", "plain"), ("get", "model", "--json"), ("get", "work/1"),
        ("history", "work/1"), ("diff", "0", "3"), ("diff", "0", "--json"), ("replay",), ("export",),
    ],
)  # fmt: skip
def test_a_dump_of_the_board_has_none(left: Left, command: tuple[str, ...]) -> None:
    page = left.page("board", command[0], "r", *command[1:])
    assert "[redacted:" in page
    assert hits(page) == []


def test_an_export_has_all_of_them_when_it_is_asked_for_them(left: Left) -> None:
    assert len(hits(left.page("board", "export", "r", "--secrets"))) >= 20


def test_rays_session_logs_have_none(left: Left, request: pytest.FixtureRequest) -> None:
    if request.node.callspec.params["left"] == "local":
        pytest.skip("there is no Ray")
    assert "[redacted:" in left.files("ray")
    assert hits(left.files("ray")) == []
