"""Playing a board through."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shoal.blackboard.replay import playing
from shoal.blackboard.replay.playing import LONGEST_PAUSE_S, pause_s
from shoal.runtime.terminal.output import Output
from tests.blackboard.replay.scene import board, make_run


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the player waited each time; it does not."""
    pauses: list[float] = []
    monkeypatch.setattr("shoal.blackboard.replay.playing.time.sleep", pauses.append)
    return pauses


def plain(text: str) -> list[str]:
    return [re.sub(r"\x1b\[[\d;]*[A-Za-z]", "", line).rstrip() for line in text.splitlines()]


def test_pauses_are_as_long_as_they_were_at_that_speed_and_never_long() -> None:
    assert pause_s(None, 50.0, 1.0) == 0
    assert pause_s(50.0, 50.5, 1.0) == 0.5
    assert pause_s(50.0, 52.0, 8.0) == 0.25
    assert pause_s(50.0, 5000.0, 1.0) == LONGEST_PAUSE_S
    assert pause_s(50.0, 40.0, 1.0) == 0
    for speed in (0.0, float("nan"), float("inf")):
        assert pause_s(50.0, 51.0, speed) == 0


def test_elsewhere_than_in_a_terminal_all_is_told_at_once(tmp_path: Path, waited: list[float]) -> None:
    make_run(tmp_path)
    shown = board("replay", "story", "--root", tmp_path).stdout.splitlines()
    assert not waited
    assert shown[0] == "at the beginning: nothing"
    assert shown[1] == "      1970-01-01"
    assert shown[2] == '   1  + plan  {goal: "find out", steps: ["ask", "think"], depth: 1}'
    assert shown[21:24] == [
        "      ✗ sum  dead: it depends on 'ask/2', which is dead",
        "      00:16:57.250 · agent/bob · because of agent/alice → agent/bob, Hint",
        "  11  ~ plan  2 changes",
    ]
    assert shown[-1] == "at revision 13: 1 entry, 2 work items: 2 dead"


def test_in_a_terminal_time_passes_as_it_did(tmp_path: Path, waited: list[float]) -> None:
    make_run(tmp_path)
    board("replay", "story", "--root", tmp_path, colour=True)
    assert waited == [0.25, 1.0, 1.0, 1.0, 1.0]
    waited.clear()
    board("replay", "story", "--root", tmp_path, "--speed", "10", colour=True)
    assert waited == pytest.approx([0.025, 0.2, 1.0, 0.5, 0.3])
    waited.clear()
    board("replay", "story", "--root", tmp_path, "--speed", "0", colour=True)
    assert not waited


def test_a_part_is_played_from_what_was_there_before(tmp_path: Path) -> None:
    make_run(tmp_path)
    shown = board("replay", "story", "--root", tmp_path, "--from", 8, "--to", 10, "--prefix", "ask/").stdout
    assert shown.splitlines() == [
        "at revision 7: 2 work items: 1 claimed, 1 done  under ask/",
        "      1970-01-01",
        "   8  ↩ ask/2  a lease ran out: agent/bob had it · attempt 1 of 2 · open again in 5 s",
        "      00:16:52.250 · the board itself",
        "   9  ▶ ask/2  claimed by agent/bob · attempt 2 of 2 · for 10 s",
        "      00:16:57.250 · agent/bob · because of agent/alice → agent/bob, Hint",
        r"  10  ✗ ask/2  dead: ValueError: nobody \x1b[31mknows · attempt 2 of 2",
        "      00:16:57.250 · agent/bob · because of agent/alice → agent/bob, Hint",
        "at revision 10: 2 work items: 1 done, 1 dead  under ask/",
    ]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--from", "14"], "there is no revision 14 yet: the newest is 13"),
        (["--to", "14"], "there is no revision 14 yet: the newest is 13"),
        (["--from", "9", "--to", "3"], "--to 3 is before revision 9, with which it begins"),
        (["--step"], "--step waits for a key: that takes a terminal"),
    ],
)
def test_what_cannot_be_played_is_one_clear_line(tmp_path: Path, arguments: list[str], why: str) -> None:
    make_run(tmp_path)
    result = board("replay", "story", "--root", tmp_path, *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"shoal board replay: {why}\n")


@pytest.mark.parametrize(("keys", "told"), [("\n\nq\n", 3), ("\n", 2), ("", 1), ("\n" * 50, 13)])
def test_step_by_step_each_revision_waits_for_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: str, told: int
) -> None:
    make_run(tmp_path)
    monkeypatch.setattr(playing, "_is_attended", lambda output: output.is_terminal)
    result = board("replay", "story", "--root", tmp_path, "--step", colour=True, keys=keys)
    assert result.exit_code == 0
    shown = plain(result.stdout)
    assert len([line for line in shown if re.match(r"(Enter: next · q: stop )?\s+\d+  \S ", line)]) == told
    assert any("at revision 13" in line for line in shown) == (told == 13)


def test_an_interruption_ends_it_quietly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(tmp_path)

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("shoal.blackboard.replay.playing.time.sleep", interrupt)
    result = board("replay", "story", "--root", tmp_path, colour=True)
    assert (result.exit_code, result.stderr) == (130, "")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_in_a_terminal_lines_fit_and_go_on_indented(tmp_path: Path, width: int) -> None:
    make_run(tmp_path)
    shown = plain(
        board("replay", "story", "--root", tmp_path, "--speed", "0", colour=True, width=width).stdout
    )
    assert all(len(line) <= width for line in shown)
    whole = board("replay", "story", "--root", tmp_path).stdout
    assert re.sub(r"\s+", "", "".join(shown)) == re.sub(r"\s+", "", whole)
    if width == 40:
        first = shown.index(next(line for line in shown if line.startswith("   1  + plan")))
        assert shown[first + 1].startswith(" " * 10)


def test_nobody_is_asked_where_nobody_looks() -> None:
    assert not playing._is_attended(Output())
