"""Which run and region is looked at, and what is said when that cannot be."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import msgpack
import pytest

import shoal
from shoal.blackboard.operations import Delete, Put
from shoal.blackboard.persistence import Owner, PostgresRegionLog, SqliteRegionLog
from shoal.blackboard.replay import unwritable
from shoal.blackboard.version import Cause, Value
from shoal.runtime.journal import RunDirectory
from tests.blackboard.replay.scene import COMMANDS, board, lines, make_run, refusal, run_of, save, tell
from tests.blackboard.store.stand import Stand, value
from tests.runtime.durable.stores import HAS_POSTGRES, database

# -- which run, which region -------------------------------------------------------------------------------


def test_a_run_is_found_by_name_by_path_and_where_there_is_no_run(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    whole = lines(board("export", "story", "--root", root))
    assert lines(board("export", root / "story")) == whole
    assert lines(board("export", "./story")) == whole
    assert lines(board("export", "story", "--root", tmp_path)) == whole
    save(root / "a system", tell().commits)  # what shoal.start(run_dir=...) leaves
    assert lines(board("export", "a system", "--root", tmp_path)) == whole
    assert any("╭─ a system ─" in line for line in lines(board("show", root / "a system")))
    shutil.rmtree(root / "a system")


def test_the_only_region_is_taken_and_named(tmp_path: Path) -> None:
    stand = Stand()
    stand.put("x")
    save(tmp_path / "run", stand.commits, "plans/a")
    result = run_of(tmp_path, ["history", "x"], "run")
    assert result.exit_code == 0
    assert result.stderr == "region plans/a, the only one of run\n"
    assert run_of(tmp_path, ["history", "x", "--region", "plans/a"], "run").stderr == ""


def test_of_several_regions_one_must_be_named(tmp_path: Path) -> None:
    for region in ("b", "a"):
        save(tmp_path / "run", [], region)
    for arguments in ([], ["--region", "c"]):
        why = refusal(run_of(tmp_path, ["show", *arguments], "run"))
        assert why.endswith(f"in {tmp_path / 'run'}: it has a, b (--region)")
    assert any(
        "a  there is also b" in line for line in lines(run_of(tmp_path, ["show", "--region", "a"], "run"))
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_a_run_that_is_not_there_or_has_no_board_is_one_clear_line(
    tmp_path: Path, command: list[str]
) -> None:
    RunDirectory.create("bare", root=tmp_path, now=1000.0).close()
    (tmp_path / "file").write_text("x")
    for run, why in (
        ("nothing", f"there is no run 'nothing' in {tmp_path}. `shoal runs` lists the runs there are"),
        ("two words", "'two words' cannot be a run's name"),
        (tmp_path / "no", f"{tmp_path / 'no'} does not exist"),
        (tmp_path / "file", f"{tmp_path / 'file'} is a file: name the directory of a run"),
        ("bare", f"{tmp_path / 'bare'} has no board: nothing wrote to one, or it was kept in memory only"),
    ):
        assert refusal(run_of(tmp_path, command, run)).startswith(why)


def test_a_region_to_which_nothing_was_written_is_empty(tmp_path: Path) -> None:
    save(tmp_path / "run", [])
    assert any("0 entries" in line for line in lines(run_of(tmp_path, ["show"], "run")))
    assert lines(run_of(tmp_path, ["replay"], "run")) == ["at the beginning: nothing"] * 2
    assert lines(run_of(tmp_path, ["export"], "run")) == []
    assert refusal(run_of(tmp_path, ["get", "a"], "run")) == "there is no 'a' at revision 0"


# -- compacted, damaged, newer, unreadable -----------------------------------------------------------------


@pytest.fixture
def compacted(tmp_path: Path) -> Path:
    stand = Stand()
    for n in range(10):
        stand.put(f"k{n % 2}", n)
    stand.do(Delete("k0"))
    save(tmp_path / "run", stand.commits, compacted=8)
    return tmp_path


def test_of_a_compacted_board_what_is_kept_is_shown(compacted: Path) -> None:
    assert any("8 is the oldest that is kept" in line for line in lines(run_of(compacted, ["show"], "run")))
    replayed = lines(run_of(compacted, ["replay"], "run"))
    assert replayed[0] == "at revision 8: 2 entries"
    assert replayed[2] == "   9  ~ k0  6 → 8"
    result = run_of(compacted, ["export"], "run")
    assert [json.loads(line)["revision"] for line in result.stdout.splitlines()] == [7, 8, 9, 10, 11]
    assert result.stderr == "revisions up to 8 were compacted: of those, what was still there then\n"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["show", "--at", "7"], "revision 7 was compacted away: the oldest is 8"),
        (["diff", "7"], "revision 7 was compacted away: the oldest is 8"),
        (["replay", "--from", "8"], "revision 8 was compacted away: the oldest is 9"),
        (["replay", "--to", "8"], "--to 8 is before revision 9, with which it begins"),
        (["export", "--at", "3"], "revision 3 was compacted away: the oldest is 8"),
    ],
)
def test_what_was_compacted_away_is_refused(compacted: Path, command: list[str], why: str) -> None:
    assert refusal(run_of(compacted, command, "run")) == why


@pytest.mark.parametrize("command", COMMANDS)
def test_a_damaged_or_newer_file_is_one_clear_line(root: Path, tmp_path: Path, command: list[str]) -> None:
    file = tmp_path / "story" / "boards" / "main.db"
    shutil.copytree(root / "story", tmp_path / "story")
    whole = file.read_bytes()
    for damage in (b"", b"garbage", whole[:5000]):
        file.write_bytes(damage)
        assert f"{file} is damaged" in refusal(run_of(tmp_path, command))
    file.unlink()
    assert f"{file} is damaged: it is missing" in refusal(run_of(tmp_path, command))
    file.write_bytes(whole)
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "use the shoal that wrote it, or a newer one" in refusal(run_of(tmp_path, command))


def test_a_damaged_version_is_refused_and_not_shown(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "story" / "boards" / "main.db"
    shutil.copytree(root / "story", tmp_path / "story")
    file.write_bytes(file.read_bytes().replace(b"find out", b"find 0ut"))
    for command in COMMANDS:
        result = run_of(tmp_path, command)
        assert "damaged" in refusal(result)
        assert "0ut" not in result.stdout


def test_a_journal_that_is_damaged_costs_the_messages_only(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "story", tmp_path / "story")
    (tmp_path / "story" / "journal.db").write_bytes(b"garbage")
    result = run_of(tmp_path, ["history", "plan"])
    assert f"agent/alice · because of message {b'order-alice1'.hex()} · task task-1" in result.stdout
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("messages could not be looked up: journal ")
    assert run_of(tmp_path, ["export"]).stderr == ""


def test_without_journaled_messages_their_ids_are_shown(tmp_path: Path) -> None:
    make_run(tmp_path, messages=False)
    shown = run_of(tmp_path, ["replay", "--from", "6", "--to", "6"]).stdout
    assert f"agent/alice · because of message {b'order-alice1'.hex()} · task task-1" in shown


def test_of_a_killed_run_in_a_directory_that_cannot_be_written_to_a_copy_is_read(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(root / "story", tmp_path / "story")
    holding = SqliteRegionLog(tmp_path / "story" / "boards" / "main.db", "main")
    holding.open(Owner("later", "run", 1, True), 2000.0, 0)  # as it is when its process is killed now
    shutil.copytree(tmp_path / "story", tmp_path / "archive", ignore=shutil.ignore_patterns("*-shm"))
    holding.close()
    monkeypatch.setattr(unwritable, "_may_write", lambda directory: False)
    before = os.listdir(tmp_path / "archive" / "boards")
    assert (tmp_path / "archive" / "boards" / "main.db-wal").stat().st_size
    assert lines(run_of(tmp_path, ["export"], "archive")) == lines(run_of(root, ["export"]))
    assert os.listdir(tmp_path / "archive" / "boards") == before
    assert "because of local → agent/alice, Order" in run_of(tmp_path, ["history", "ask/1"], "archive").stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("command", COMMANDS)
def test_files_that_may_not_be_read_are_one_clear_line(
    root: Path, tmp_path: Path, command: list[str]
) -> None:
    shutil.copytree(root / "story", tmp_path / "story")
    boards = tmp_path / "story" / "boards"
    (boards / "main.db").chmod(0)
    assert "main.db" in refusal(run_of(tmp_path, command))
    boards.chmod(0)
    assert "boards" in refusal(run_of(tmp_path, command))
    boards.chmod(stat.S_IRWXU)


@pytest.mark.skipif(not HAS_POSTGRES, reason="no PostgreSQL here")
def test_a_region_in_postgresql_is_looked_at_from_anywhere(root: Path, tmp_path: Path) -> None:
    run = f"run-{secrets.token_hex(4)}"
    log = PostgresRegionLog(database(), run, "main")
    log.open(Owner("session", run, 1, True), 1000.0, 1000)
    log.append(tell().commits, [], 1000.0)
    log.close()
    whole = lines(run_of(root, ["export"]))
    assert lines(run_of(tmp_path, ["export", "--state-store", database()], run)) == whole
    (tmp_path / run).mkdir()
    assert lines(run_of(tmp_path, ["export", "--state-store", database()], run)) == whole
    assert any(
        "file      PostgreSQL" in line
        for line in lines(run_of(tmp_path, ["show", "--state-store", database()], run))
    )
    assert "has no board" in refusal(run_of(tmp_path, ["show", "--state-store", database()], "other"))


def test_postgresql_without_a_server_is_one_clear_line(root: Path) -> None:
    where = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1"
    why = refusal(run_of(root, ["show", "--state-store", where]))
    assert "psycopg" in why or "127.0.0.1" in why


# -- with other programs, and beside the board -------------------------------------------------------------


@pytest.mark.parametrize("command", [["export"], ["replay"], ["show"]])
def test_a_reader_that_has_enough_ends_it_quietly(tmp_path: Path, command: list[str]) -> None:
    stand = Stand()
    for n in range(1000):
        stand.put(f"k{n}", "x" * 90)
    save(tmp_path / "run", stand.commits)
    arguments = [sys.executable, "-m", "shoal", "board", command[0], str(tmp_path / "run"), *command[1:]]
    if command == ["show"]:
        arguments += ["--limit", "1000"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode in (0, 1)


async def test_the_board_of_a_run_that_is_running_can_be_looked_at(tmp_path: Path) -> None:
    async with shoal.start("local", run="live", runs_root=tmp_path, journal="messages") as system:
        live = system.board()
        await live.put("n", 1)
        assert any("running, process" in line for line in lines(run_of(tmp_path, ["show"], "live")))
        await live.put("n", 2)
        assert lines(run_of(tmp_path, ["history", "n"], "live"))[3] == "   2  ~ 1 → 2"
        await live.put("n", 3)
        assert (await live.status()).revision == 3
    assert lines(run_of(tmp_path, ["export"], "live"))[2].startswith('{"revision": 3, "key": "n"')


def test_nothing_on_a_board_commands_the_terminal(tmp_path: Path) -> None:
    stand = Stand()
    evil = "\x1b]0;evil\x07\x9b31m\u202e"
    stand.do(Put("key\x9b\u202e", value({evil: evil})), _author(evil))
    stand.do(Put("key\x9b\u202e", value({evil: [evil]})), _author(evil))
    stand.do(Put("text", Value(f"app:{evil}", msgpack.packb(evil))), _author(evil))
    save(tmp_path / "run", stand.commits)
    for command in (
        ["show"],
        ["get", "text"],
        ["history", "text"],
        ["diff", "1"],
        ["replay"],
        ["get", "kez"],
    ):
        for colour in (False, True):
            result = run_of(tmp_path, command, "run", colour=colour)
            shown = re.sub(r"\x1b\[[\d;]*m", "", result.output)
            assert not [character for character in shown if not character.isprintable() and character != "\n"]


def _author(name: str) -> Cause:
    return Cause(name, b"m" * 12, name)
