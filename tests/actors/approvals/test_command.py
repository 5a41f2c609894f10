"""``shoal approvals``: what people see and type."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from shoal.actors.approvals.command import approvals
from shoal.actors.approvals.request import Kind, Request, State
from shoal.actors.approvals.request_file import FILE_NAME, RequestFile
from shoal.runtime.journal.run_directory import RunDirectory
from shoal.runtime.starting import start
from tests.actors.approvals.requests import decision, request

MAIL = "aaaa1111"
ASKED = "bbbb2222"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SHOAL_RUNS", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("shoal.actors.approvals.command.who_runs_this", lambda: "ann")
    return tmp_path


def make_run(root: Path, name: str = "r", *, at: float = 1.0) -> Path:
    with RunDirectory.create(name, root=root, now=at) as run:
        return run.path


@pytest.fixture
def run(root: Path) -> Path:
    """A run with an action and a question that wait."""
    path = make_run(root)
    ask(path, request(id=MAIL, title="send a mail", reason="she asked for it", task="mail-1"))
    ask(path, request(id=ASKED, kind=Kind.INPUT, title="which one?", subject="", value="null"))
    return path


def ask(path: Path, asked: Request) -> None:
    now = time.time()
    with RequestFile(path) as file:
        file.ask(asked.model_copy(update={"created_at": now - 90, "expires_at": now + asked.expires_at}), now)


def shoal(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(approvals, arguments, input=typed)


def stored(path: Path, beginning: str) -> Request:
    with RequestFile(path, create=False) as file:
        return file.find(beginning, time.time())


def test_a_list_shows_what_waits_since_when_and_for_how_long(run: Path) -> None:
    shown = shoal("list")
    assert shown.exit_code == 0
    first, *_ = shown.stdout.splitlines()
    assert first.startswith("r  ")
    assert "2 wait for a person" in first
    row = next(line for line in shown.stdout.splitlines() if line.startswith(MAIL))
    assert "1 min ago" in row
    assert "1 min 39 s" in row
    assert "writer" in row
    assert "send a mail" in row
    assert 'send_mail {to: "eve"}' in shown.stdout
    assert "which one?" in shown.stdout


def test_a_list_as_json_is_one_request_a_line_with_its_value_as_data(run: Path) -> None:
    lines = [json.loads(line) for line in shoal("list", "--json").stdout.splitlines()]
    assert {line["id"]: line["value"] for line in lines} == {MAIL: {"to": "eve"}, ASKED: None}


def test_what_is_over_is_listed_where_that_is_asked_for(run: Path) -> None:
    assert shoal("reject", MAIL).exit_code == 0
    assert "send a mail" not in shoal("list").stdout
    everything = shoal("list", "--all").stdout
    assert "1 waits for a person, 1 is over" in everything
    assert "✗ rejected" in everything
    assert shoal("reject", ASKED).exit_code == 0
    assert shoal("list").stdout.strip() == "r waits for nobody"


def test_a_page_shows_one_request_in_full_and_how_to_decide_it(run: Path) -> None:
    page = shoal("show", "aaaa").stdout
    for part in (
        "call: send a mail",
        "writer",
        "mail-1",
        "send_mail",
        "she asked for it",
        "then refused",
        "eve",
    ):
        assert part in page
    assert f"shoal approvals approve {MAIL} · edit {MAIL} --value JSON · reject {MAIL} --note WHY" in page
    assert f"shoal approvals answer {ASKED} TEXT" in shoal("show", ASKED).stdout


def test_approving_says_what_was_approved_and_that_the_run_is_down(run: Path) -> None:
    done = shoal("approve", "aa", "--note", "fine")
    assert done.exit_code == 0, done.output
    assert "✓ approved aaaa1111 send a mail" in done.stdout
    assert 'send_mail {to: "eve"}' in done.stdout
    assert "shoal resume r" in done.stdout
    taken = stored(run, MAIL).decision
    assert taken is not None
    assert (taken.by, taken.note) == ("ann", "fine")
    assert "by ann" in shoal("show", MAIL).stdout


def test_an_edit_is_given_as_an_option_a_file_or_the_standard_input(root: Path, tmp_path: Path) -> None:
    path = make_run(root)
    file = tmp_path / "value.json"
    file.write_text('{"to": "file"}', encoding="utf-8")
    ways: dict[str, tuple[list[str], str]] = {
        "option": (["--value", '{"to": "option"}'], ""),
        "file": (["--file", str(file)], ""),
        "stdin": (["--file", "-"], '{"to": "stdin"}'),
    }
    for name, (options, typed) in ways.items():
        ask(path, request(id=name))
        assert shoal("edit", name, *options, typed=typed).exit_code == 0
        edited = stored(path, name)
        assert (edited.state, edited.decided_data) == (State.EDITED, {"to": name})


def test_an_answer_is_a_text(run: Path) -> None:
    assert shoal("answer", ASKED, "the second", "--by", "bob").exit_code == 0
    answered = stored(run, ASKED)
    assert answered.decided_data == "the second"
    assert "the second" in shoal("show", ASKED).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["approve", "zz"], "shoal approvals approve: no request's id begins with 'zz' in run r"),
        (["show", ""], "no request's id begins with ''"),
        (["approve", ASKED], "is a question: answer, reject it, do not approve it"),
        (["answer", MAIL, "yes"], "is an action"),
        (["edit", MAIL, "--value", "{"], "the value is no JSON"),
        (["edit", MAIL, "--value", "[1]"], "has to be a JSON object"),
        (["edit", MAIL], "with --value or with --file, one of them"),
        (["edit", MAIL, "--value", "[" * 100_000], "nested too deep"),
        (["edit", MAIL, "--file", "nowhere.json"], "nowhere.json: No such file"),
        (["edit", MAIL, "--file", "."], "Is a directory"),
        (["list", "other"], "there is no run 'other'"),
        (["list", "../nowhere"], "nowhere does not exist"),
        (["list", "a b"], "cannot be a run's name"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(run: Path, arguments: list[str], said: str) -> None:
    failed = shoal(*arguments)
    assert failed.exit_code == 1
    assert said in failed.stderr
    assert len(failed.stderr.splitlines()) == 1
    assert stored(run, MAIL).state is State.PENDING


def test_a_second_decision_and_one_that_comes_too_late_are_refused(run: Path) -> None:
    assert shoal("reject", MAIL, "--by", "bob").exit_code == 0
    assert "was rejected by bob before" in shoal("approve", MAIL).stderr
    ask(run, request(id="cccc", expires_at=-1.0))
    assert "has expired" in shoal("approve", "cccc").stderr


def test_without_a_name_it_is_the_newest_run_that_has_asked_somebody(root: Path) -> None:
    assert "no run in" in shoal("list").stderr
    make_run(root, "silent", at=30.0)
    for name, at in (("older", 10.0), ("newer", 20.0)):
        ask(make_run(root, name, at=at), request(id=name, title=f"of {name}"))
    assert "of newer" in shoal("list").stdout
    assert "of older" in shoal("list", "older").stdout
    assert shoal("approve", "older", "--run", "older").exit_code == 0
    assert "has not asked anybody" in shoal("list", "silent").stderr


def test_a_directory_that_is_no_run_of_ours_can_be_named_by_its_path(root: Path, tmp_path: Path) -> None:
    directory = tmp_path / "plain"
    ask(directory, request(title="in a directory"))
    assert "in a directory" in shoal("list", str(directory)).stdout
    assert "now or when its program goes on" in shoal("approve", "0", "--run", str(directory)).stdout


def test_what_an_agent_wrote_cannot_command_the_terminal(run: Path) -> None:
    nasty: Any = {"to": "eve\x1b[2J\u202e", "k\x1bey": ["a\nb"]}
    ask(
        run,
        request(id="dddd", title="a\x1b[2Jb\nc", subject="t\x07", value=json.dumps(nasty), reason="\x1b[1m"),
    )
    for arguments in (["list"], ["show", "dddd"], ["approve", "dddd"], ["show", "dddd"]):
        shown = shoal(*arguments).stdout
        assert not set(shown) & {"\x1b", "\x07", "\u202e"}, arguments


def test_a_file_that_is_damaged_is_an_error_and_no_decision(run: Path) -> None:
    (run / FILE_NAME).write_bytes(b"nothing")
    for suffix in ("-wal", "-shm"):
        (run / f"{FILE_NAME}{suffix}").unlink(missing_ok=True)
    failed = shoal("approve", MAIL)
    assert failed.exit_code == 1
    assert "is not a SQLite file" in failed.stderr


def test_a_decision_of_long_ago_is_shown_with_who_took_it(root: Path) -> None:
    path = make_run(root)
    ask(path, request())
    with RequestFile(path) as file:
        file.decide(request().id, decision(State.EDITED, value='{"to": "bob"}', note="not eve"), time.time())
    page = shoal("show", "01234567").stdout
    for part in ("✎ edited", "by ann", "“not eve”", "instead", "bob"):
        assert part in page


def test_an_edit_that_is_no_text_is_said_in_one_line(run: Path, tmp_path: Path) -> None:
    value = tmp_path / "value.json"
    value.write_bytes(b'{"to": "\xff"}')
    done = shoal("edit", MAIL, "--file", str(value))
    assert done.exit_code == 1
    assert "the value is no text in UTF-8 (byte 8)" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_who_decides_in_a_finished_run_is_told_that_nobody_waits(root: Path) -> None:
    async def program() -> None:
        async with start("local", run="done"):
            pass

    asyncio.run(program())
    ask(root / "done", request(id=MAIL))
    said = shoal("approve", MAIL).stdout
    assert "does not wait any more: run done is finished" in said
    assert "shoal resume" not in said
