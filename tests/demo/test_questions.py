"""What the demo asks: docstrings without the names that would give them away, the same for a seed."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.demo.docstrings import folder as folder_module
from shoal.demo.docstrings.collecting import PACKAGES, Docstring, docstrings, standard_library
from shoal.demo.docstrings.folder import write_demo
from shoal.demo.docstrings.questions import LONGEST, make_questions, masked
from shoal.runtime.errors import ConfigError
from tests.demo.few_docstrings import FEW


@given(st.text(max_size=400), st.sampled_from(PACKAGES))
def test_no_name_is_left_that_gives_the_package_away(text: str, package: str) -> None:
    shown = masked(
        Docstring(package, "parser", "feed", f"{text} {package}.parser feed {package.upper()} {text}")
    )
    found = set(re.findall(r"[a-z]+", shown.lower()))
    assert not found.intersection({package, "parser", "feed"})
    assert len(shown) <= LONGEST
    assert "\n" not in shown


def test_as_many_questions_of_each_package_and_no_question_among_the_examples() -> None:
    made = make_questions(FEW, 80, 0)
    assert Counter(case.package for case in made.asked) == dict.fromkeys(PACKAGES, 10)
    assert not {case.text for case in made.asked} & {case.text for case in made.examples}
    assert len(made.asked) + len(made.examples) == len({masked(one) for one in FEW})


def test_the_same_seed_draws_the_same_and_another_seed_draws_others() -> None:
    assert make_questions(FEW, 80, 3) == make_questions(reversed(FEW), 80, 3)
    assert make_questions(FEW, 80, 3).asked != make_questions(FEW, 80, 4).asked


def test_more_questions_than_there_are_docstrings_names_how_many_there_are() -> None:
    with pytest.raises(ConfigError, match=r"--cases 400: .* for at most 240"):
        make_questions(FEW, 400, 0)


def test_a_python_without_the_source_of_its_library_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not there, or has no docstrings: take another Python"):
        make_questions(docstrings(tmp_path), 8, 0)


def test_the_standard_library_of_this_python_has_enough() -> None:
    made = make_questions(docstrings(standard_library()), 400, 0)
    assert len(made.asked) == 400
    assert len(made.examples) > 800


def test_files_that_cannot_be_read_or_parsed_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "json" / "tests").mkdir(parents=True)
    (tmp_path / "json" / "good.py").write_text('def f():\n    """What it is for."""\n', encoding="utf-8")
    (tmp_path / "json" / "bad.py").write_text("def g(:\n", encoding="utf-8")
    (tmp_path / "json" / "latin.py").write_bytes(b'"""\xe9"""\n')
    (tmp_path / "json" / "tests" / "t.py").write_text('def t():\n    """A test of it."""\n', encoding="utf-8")
    assert list(docstrings(tmp_path, ["json"])) == [Docstring("json", "good", "f", "What it is for.")]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that is quick to read."""
    monkeypatch.setattr(folder_module, "docstrings", lambda library: FEW)


@pytest.mark.usefixtures("small")
def test_what_is_there_is_left_as_it_is_and_what_is_missing_is_written(tmp_path: Path) -> None:
    written = write_demo(tmp_path / "demo", 16, 0)
    assert {path.name for path in written} >= {"experiment.yaml", "agents.py", "questions.jsonl", "README.md"}
    (tmp_path / "demo" / "agents.py").write_text("mine", encoding="utf-8")
    (tmp_path / "demo" / "README.md").unlink()
    assert write_demo(tmp_path / "demo", 16, 0) == [tmp_path / "demo" / "README.md"]
    assert (tmp_path / "demo" / "agents.py").read_text(encoding="utf-8") == "mine"


@pytest.mark.usefixtures("small")
def test_other_questions_are_not_put_in_the_place_of_those_that_are_there(tmp_path: Path) -> None:
    write_demo(tmp_path, 16, 0)
    before = (tmp_path / "data" / "questions.jsonl").read_text(encoding="utf-8")
    with pytest.raises(ConfigError, match=r"has other questions than these .* another folder with --dir"):
        write_demo(tmp_path, 24, 0)
    assert (tmp_path / "data" / "questions.jsonl").read_text(encoding="utf-8") == before
    assert [json.loads(line)["id"] for line in before.splitlines()][:2] == ["q001", "q002"]


@pytest.mark.usefixtures("small")
def test_a_file_in_the_place_of_the_folder_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="is no directory: name another with --dir"):
        write_demo(tmp_path / "demo", 16, 0)
