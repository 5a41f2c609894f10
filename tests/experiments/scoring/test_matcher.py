from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from shoal.experiments.scoring import matcher, matching_process
from shoal.experiments.scoring.errors import CannotJudge
from shoal.experiments.scoring.matcher import Matcher
from tests.experiments.scoring.judging import scorer_of, task_of

SLOW = "(a+)+$"
ENDLESS = "a" * 40 + "b"


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


def test_the_last_find_and_its_group_are_as_python_finds_them() -> None:
    found = Matcher("(a|b)(c?)", ignore_case=True)
    assert found.last_find("xx") is None
    assert found.last_find("A then B") == ["B"]
    assert Matcher("(a)|b").last_find("ab") == [None]
    assert Matcher("\\u00fc\\Z").last_find("\ud800 \u00fc") == [None]


def test_a_search_that_would_not_end_is_ended_and_the_next_one_is_made() -> None:
    found = Matcher(SLOW, limit_s=0.05)
    for _ in range(2):
        with pytest.raises(CannotJudge, match=r"took longer than 0\.05 s to search the answer"):
            found.last_find(ENDLESS)
    assert found.last_find("caa") == ["aa"]


def test_one_process_makes_all_searches_and_is_gone_with_its_matcher() -> None:
    before = children()
    found = Matcher("a")
    assert children() == before
    for text in ("a", "b", "a" * 1_000_000):
        found.last_find(text)
    assert len(children() - before) == 1
    found.close()
    assert children() == before
    assert found.last_find("a") == [None]
    del found
    gc.collect()
    assert children() == before


def test_a_process_that_somebody_ended_is_started_again() -> None:
    before = children()
    found = Matcher("a")
    found.last_find("a")
    (process,) = children() - before
    os.kill(process, signal.SIGKILL)
    assert found.last_find("a") == [None]


def test_without_a_process_nothing_can_be_judged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    with pytest.raises(CannotJudge, match="cannot start its process: "):
        Matcher("a").last_find("a")


def test_a_process_that_never_answers_is_not_tried_for_ever(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "ends.py").write_text("raise SystemExit(3)")
    monkeypatch.setattr(matching_process, "__file__", str(tmp_path / "ends.py"))
    with pytest.raises(CannotJudge, match="lost its process, which ended with status "):
        Matcher("a").last_find("a")


def test_the_process_ends_when_there_is_nothing_more_to_read() -> None:
    lines = "".join(f"{json.dumps(one)}\n" for one in (["a(b)", False, matcher.LIMIT_S], "abab", "x"))
    done = subprocess.run(
        [sys.executable, "-I", "-S", matching_process.__file__],
        input=lines,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == '["b"]\nnull\n'


async def test_a_pattern_that_would_not_end_has_failed_for_that_answer_alone() -> None:
    scorer = scorer_of({"regex": SLOW}, answer=None)
    judged = await scorer.judge(ENDLESS, task_of(None))
    assert judged == (None, "task t1: the scorer regex took longer than 1 s to search the answer", True)
    assert await scorer.judge("caa", task_of(None)) == (1.0, "", False)
