"""What an experiment file names is found beside it, and what cannot be found is said in one line."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shoal.experiments.errors import BadExperiment
from shoal.experiments.importing import Importer


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def problem(importer: Importer, where: str) -> str:
    with pytest.raises(BadExperiment) as caught:
        importer.find(where, "team.use")
    (line,) = caught.value.details["problems"]
    return str(line)


def test_a_name_is_found_by_module_and_by_file(folder: Path) -> None:
    (folder / "imp_crew.py").write_text("class Crew:\n    class Inner:\n        pass\n")
    importer = Importer(folder)
    crew = importer.find("imp_crew:Crew")
    assert importer.find("imp_crew.py:Crew") is crew
    assert importer.find("imp_crew:Crew.Inner") is crew.Inner
    assert pickle.loads(pickle.dumps(crew)) is crew
    assert sys.path[0] == str(folder)


def test_a_file_in_a_folder_is_a_module_of_a_package(folder: Path) -> None:
    (folder / "imp_inner").mkdir()
    (folder / "imp_inner" / "part.py").write_text("x = 3\n")
    importer = Importer(folder)
    assert importer.find("imp_inner/part.py:x") == importer.find("imp_inner.part:x") == 3
    assert "imp_inner.part" in sys.modules


def test_a_file_elsewhere_is_found_too(folder: Path) -> None:
    (folder / "here").mkdir()
    (folder / "imp_shared.py").write_text("x = 4\n")
    assert Importer(folder / "here").find("../imp_shared.py:x") == 4


def test_the_path_is_changed_once(folder: Path) -> None:
    Importer(folder)
    Importer(folder)
    assert sys.path.count(str(folder)) == 1


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("imp_nowhere:x", "there is no module 'imp_nowhere' in the experiment's folder"),
        ("imp_bda:x", "did you mean 'imp_bad'?"),
        ("imp_nowhere.py:x", "there is no file imp_nowhere.py"),
        ("imp-dash.py:x", "'imp-dash' is no name of a module (rename it)"),
        ("imp_fine:mian", "imp_fine has no 'mian' (did you mean 'main'?)"),
        ("imp_fine:main.part", "imp_fine has no 'main.part'"),
        ("imp_bad:x", "imp_bad cannot be imported: ZeroDivisionError: division by zero (imp_bad.py:2)"),
        (
            "imp_lacks:x",
            "imp_lacks cannot be imported: ModuleNotFoundError: No module named 'imp_gone' (imp_lacks.py:1)",
        ),
        ("imp_syntax:x", "imp_syntax cannot be imported: SyntaxError: "),
        ("imp_ends:x", "imp_ends cannot be imported: SystemExit: 3 (imp_ends.py:2)"),
        ("token.py:x", "a module 'token' is there already, from "),
        ("token:x", "a module 'token' is there already, from "),
        ("nocolon", "'nocolon' is no import path"),
    ],
)
def test_what_cannot_be_imported_is_said_in_one_line(where: str, said: str, folder: Path) -> None:
    (folder / "imp_fine.py").write_text("def main():\n    pass\n")
    (folder / "imp_bad.py").write_text("x = 1\nx / 0\n")
    (folder / "imp_lacks.py").write_text("import imp_gone\n")
    (folder / "imp_syntax.py").write_text("x = 1\ndef (:\n")
    (folder / "imp_ends.py").write_text("import sys\nsys.exit(3)\n")
    (folder / "imp-dash.py").write_text("x = 1\n")
    (folder / "token.py").write_text("x = 1\n")
    import token

    assert token.__file__ != str(folder / "token.py")
    line = problem(Importer(folder), where)
    assert line.startswith("team.use: ")
    assert said in line
    assert "\n" not in line


def test_a_module_of_another_folder_with_the_same_name_is_noticed(folder: Path) -> None:
    for name in ("one", "two"):
        (folder / name).mkdir()
        (folder / name / "imp_twice.py").write_text(f"x = {name!r}\n")
    assert Importer(folder / "one").find("imp_twice:x") == "one"
    line = problem(Importer(folder / "two"), "imp_twice:x")
    assert "imp_twice.py cannot be imported: a module 'imp_twice' is there already, from " in line


def test_a_text_is_read_from_the_folder(folder: Path) -> None:
    (folder / "prompt.md").write_text("Grüße", encoding="utf-8")
    assert Importer(folder).read_text("prompt.md") == "Grüße"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("promt.md", "there is no file promt.md (did you mean 'prompt.md'?)"),
        ("latin.md", "latin.md is no UTF-8 text: invalid"),
        ("inner", "inner cannot be read: Is a directory"),
        ("large.md", "large.md is over 1,048,576 bytes"),
        ("nul\0.md", "cannot be read: embedded null byte"),
    ],
)
def test_a_text_that_cannot_be_read_is_said_in_one_line(path: str, said: str, folder: Path) -> None:
    (folder / "prompt.md").write_text("")
    (folder / "latin.md").write_bytes(b"Gr\xfc\xdfe")
    (folder / "inner").mkdir()
    (folder / "large.md").write_bytes(b"x" * (1024 * 1024 + 1))
    with pytest.raises(BadExperiment) as caught:
        Importer(folder).read_text(path, "team.llm.prompt")
    (line,) = caught.value.details["problems"]
    assert line.startswith("team.llm.prompt: ")
    assert said in line


def test_a_file_elsewhere_whose_name_the_folder_has_itself_is_not_mistaken(folder: Path) -> None:
    (folder / "here").mkdir()
    (folder / "imp_same.py").write_text("x = 'outside'\n")
    (folder / "here" / "imp_same.py").write_text("x = 'inside'\n")
    line = problem(Importer(folder / "here"), "../imp_same.py:x")
    assert "imp_same.py cannot be imported: a module 'imp_same' is there already, from " in line
    assert line.endswith("(rename it)")


def test_an_interrupt_while_a_module_is_imported_goes_through(folder: Path) -> None:
    (folder / "imp_stopped.py").write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        Importer(folder).find("imp_stopped:x")
