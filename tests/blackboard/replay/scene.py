"""A run directory with a board in it, written as a board writes it, at times that are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from shoal.blackboard.operations import Complete, Delete, Fail, Post, Put, Transaction
from shoal.blackboard.persistence import Owner, SqliteRegionLog, region_path
from shoal.blackboard.version import Cause, Commit
from shoal.cli import app
from shoal.runtime.journal import Journal, RunDirectory, messages_handled
from shoal.runtime.journal.records import MessageRow
from tests.blackboard.store.stand import ALICE, BOB, START, Stand, value

COMMANDS = [["show"], ["get", "plan"], ["history", "plan"], ["diff", "1"], ["replay"], ["export"]]
"""Each command once."""
CLIENT = Cause("local", b"client-says1", None)
ORDER = b"order-alice1"
"""The message that Alice handles; the client sent it while it handled nothing."""
HINT = b"hint-for-bob"
"""The message that Bob handles; Alice sent it while she handled hers."""


def save(directory: Path, commits: Sequence[Commit], region: str = "main", *, compacted: int = 0) -> Path:
    """Write commits as a region of a run directory; its file."""
    path = region_path(directory, region)
    path.parent.mkdir(parents=True, exist_ok=True)
    log = SqliteRegionLog(path, region)
    log.open(Owner("session", "run", 1, True), START, 1000)
    if commits:
        log.append(commits, [], START)
    if compacted:
        log.compact(compacted)
    log.close()
    return path


def make_run(root: Path, run: str = "story", *, messages: bool = True) -> Path:
    """A finished run with the story below on its board; its directory."""
    with RunDirectory.create(run, root=root, now=START) as made:
        journal = Journal(made.journal_path)
        if messages:
            journal.append([messages_handled(rows_of_messages())])
        journal.close()
        save(made.path, tell().commits)
        return made.path


def tell() -> Stand:
    """What happens: a plan, two questions for Alice and Bob, one of which nobody answers, and a clean-up."""
    stand = Stand()
    alice, bob = ALICE._replace(message_id=ORDER), BOB._replace(message_id=HINT)
    stand.do(Put("plan", value({"goal": "find out", "steps": ["ask", "think"], "depth": 1})), CLIENT)
    stand.do(Post("ask/1", value("who?"), priority=2, tags=("research",)), CLIENT)
    stand.do(Post("ask/2", value("why?"), tags=("research",), max_attempts=2, backoff_s=5.0), CLIENT)
    stand.do(Post("sum", value("sum up"), depends_on=("ask/2",)), CLIENT)
    stand.now += 0.25
    key, token = stand.claimed(alice, tags=("research",), lease_s=30.0)
    stand.now += 2.0
    stand.do(Complete(key, token, value({"answer": "Ada"})), alice)
    key, token = stand.claimed(bob, tags=("research",), lease_s=10.0)
    stand.advance(10.0)
    stand.advance(5.0)
    key, token = stand.claimed(bob, lease_s=10.0)
    stand.do(Fail(key, token, "ValueError: nobody\n\x1b[31mknows"), bob)
    change = Transaction(then=(Put("plan", value({"goal": "find out", "steps": ["ask", "write"], "depth": 2})),
                               Delete("ask/1")))  # fmt: skip
    stand.do(change, alice)
    stand.do(Put("alive", value(1), ttl_s=3.0), alice)
    stand.advance(3.0)
    assert stand.claim(bob) is None
    return stand


def rows_of_messages() -> list[MessageRow]:
    """What the journal has: the order to Alice, her hint to Bob, and a request of the client to the board."""
    return [
        (CLIENT.message_id, None, None, "local", "board/main", "bytes", 10, START, 0.001, "done", 0.0, 1, 1),
        (ORDER, None, "task-1", "local", "agent/alice", "app.work:Order", 10, START, 2.5, "done", 0.0, 1, 1),
        (
            HINT,
            ORDER,
            None,
            "agent/alice",
            "agent/bob",
            "app.work:Hint",
            10,
            START + 2,
            30.0,
            "handler_error",
            0.0,
            0,
            1,
        ),
    ]


def board(*arguments: object, width: int = 100, colour: bool = False, keys: str | None = None) -> Result:
    """Run ``shoal board``. ``colour``: as in a terminal; ``keys``: what is typed."""
    env = {"COLUMNS": f"{width}", "FORCE_COLOR": "1" if colour else None, "TZ": "UTC"}
    return CliRunner(env=env).invoke(app, ["board", *map(str, arguments)], input=keys, color=colour)


def run_of(root: Path, command: list[str], run: str | Path = "story", **options: Any) -> Result:
    """A command about a run, with what follows the run's name."""
    return board(command[0], run, *command[1:], "--root", root, **options)


def lines(result: Result) -> list[str]:
    """What it printed; it must have gone well."""
    assert result.exit_code == 0, result.output
    return [line.rstrip() for line in result.stdout.splitlines()]


def refusal(result: Result) -> str:
    """The one line that an error is."""
    assert result.exit_code == 1
    assert result.exception is None or isinstance(result.exception, SystemExit)
    (line,) = result.stderr.splitlines()
    assert line.startswith("shoal board ")
    return str(line.partition(": ")[2])
