from __future__ import annotations

import contextlib
import itertools
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shoal.experiments.errors import BadWorkload
from shoal.experiments.workload import lines, reading
from shoal.experiments.workload.cases import Case
from shoal.experiments.workload.drawing import draw
from tests.experiments.workload.places import problems_of, tasks_of

TICKETS = [
    {"id": "a", "text": "charged twice", "label": "billing", "lang": "en"},
    {"id": "b", "text": "wo ist mein Geld", "label": "billing", "lang": "de"},
    {"id": "c", "text": "card is broken", "label": "card", "lang": "en"},
]


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    text = "".join(f"{json.dumps(one)}\n" for one in TICKETS)
    (tmp_path / "tickets.jsonl").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_line_becomes_a_task_with_its_place_and_without_its_answer_in_the_input(tickets: Path) -> None:
    first = tasks_of(tickets, "tickets.jsonl", answer="label")[0]
    assert first.model_dump() == {
        "task": "a",
        "case": "a",
        "repeat": 1,
        "input": {"text": "charged twice", "lang": "en"},
        "expected": "billing",
        "source": "tickets.jsonl:1",
    }


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("text", "charged twice"),
        (["text", "id"], {"text": "charged twice", "id": "a"}),
        ({"question": "text"}, {"question": "charged twice"}),
    ],
)
def test_the_input_is_what_the_workload_names(tickets: Path, asked: Any, expected: Any) -> None:
    assert tasks_of(tickets, "tickets.jsonl", input=asked)[0].input == expected


def test_all_cases_come_once_before_the_second_repeats(tickets: Path) -> None:
    ids = [task.task for task in tasks_of(tickets, "tickets.jsonl", repeats=2)]
    assert ids == ["a", "b", "c", "a#2", "b#2", "c#2"]


def test_a_limit_does_not_read_on_behind_it(tickets: Path) -> None:
    with (tickets / "tickets.jsonl").open("a") as file:
        file.write("{broken\n")
    assert len(tasks_of(tickets, "tickets.jsonl", limit=3)) == 3
    assert problems_of(tickets, "tickets.jsonl") == [
        "tickets.jsonl:4: it is no JSON: Expecting property name enclosed in double quotes at column 2"
    ]


def test_where_filters_by_values_of_fields(tickets: Path) -> None:
    assert [task.case for task in tasks_of(tickets, "tickets.jsonl", where={"lang": "en"})] == ["a", "c"]
    several = {"lang": ["en", "de"], "label": "billing"}
    assert [task.case for task in tasks_of(tickets, "tickets.jsonl", where=several)] == ["a", "b"]
    assert problems_of(tickets, "tickets.jsonl", where={"lnag": "en"}) == [
        "workload.where: no case has the field 'lnag' (did you mean 'lang'?)"
    ]
    assert problems_of(tickets, "tickets.jsonl", where={"lang": "fr"}) == [
        "workload.tasks: no case is as workload.where asks for"
    ]


def test_where_compares_text_of_csv_as_its_value_is_written(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("text,level,open\none,3,true\ntwo,4,false\n")
    assert [task.input["text"] for task in tasks_of(tmp_path, "t.csv", where={"level": 3})] == ["one"]
    assert [task.input["text"] for task in tasks_of(tmp_path, "t.csv", where={"open": False})] == ["two"]


@pytest.mark.parametrize(("wanted", "taken"), [(True, "tTA"), (False, "fF"), ([True, False], "tTAfF")])
def test_where_finds_true_and_false_in_csv_however_they_are_written(
    tmp_path: Path, wanted: Any, taken: str
) -> None:
    (tmp_path / "t.csv").write_text("text,ok\nt,true\nT,True\nA, TRUE \nf,false\nF,False\nx,1\n")
    assert [task.input["text"] for task in tasks_of(tmp_path, "t.csv", where={"ok": wanted})] == [*taken]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"id": 1, "text": NaN}', "it has NaN, which is no number in JSON"),
        ('{"id": 1, "text": 1e999}', "it has inf, which is no number in JSON"),
        ('{"id": 1, "text": "\\ud800"}', "it has text with half of a surrogate pair, which is no Unicode"),
        ('{"id": 1, "id": 2}', "the field 'id' is there twice"),
        ('["id", 1]', "it is a list; a case is an object, as {...} (one object a line"),
        ('"text"', "it is text; a case is an object, as {...}"),
        ("17", "it is a number; a case is an object"),
        ("null", "it is null; a case is an object"),
        ("{", "it is no JSON: "),
        ('{"id": 1} {"id": 2}', "it is no JSON: Extra data at column 11"),
        ("[" * 100_000, "it is nested too deep"),
        ('{"text": "no id", "label": "x"}', "workload.id: there is no field 'id'; there are 'text', 'label'"),
        ('{"id": "x", "text": "t", "lable": "x"}', "workload.answer: there is no field 'label'"),
        ('{"id": "x", "text": "t", "label": null}', "label: it is null: there is no answer"),
        ('{"id": "a", "text": "t", "label": "x"}', "id: the id 'a' is also that of tickets.jsonl:1"),
        ('{"id": 1.5, "text": "t", "label": "x"}', "id: 1.5 cannot be an id: give text or a whole number"),
        ('{"id": true, "text": "t", "label": "x"}', "id: true cannot be an id"),
        ('{"id": "", "text": "t", "label": "x"}', "id: '' cannot be a task's id"),
        ('{"id": "d", "label": "x"}', "there is nothing in it but id and answer"),
    ],
)
def test_a_bad_line_is_told_with_file_and_line(tickets: Path, line: str, problem: str) -> None:
    with (tickets / "tickets.jsonl").open("a") as file:
        file.write(f"\n{line}\n")
    (found,) = problems_of(tickets, "tickets.jsonl", answer="label")
    assert found.startswith(f"tickets.jsonl:5: {problem}")


def test_every_bad_line_is_told_up_to_a_hundred(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"id": 1, "x": 1}\n' + "x\n" * 500)
    found = problems_of(tmp_path, "t.jsonl")
    assert len(found) == reading.MOST_PROBLEMS
    assert found[99].startswith("t.jsonl:101: ")


def test_a_byte_that_is_no_text_is_told_with_its_offset(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(b'{"x": 1}\n{"x": "\xff"}\n{"x": 3}\n')
    assert problems_of(tmp_path, "t.jsonl") == [
        "t.jsonl:2: it is no utf-8: invalid start byte (byte 0xff at offset 16) "
        "(say so in workload.encoding, if the file has another encoding)"
    ]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig", "cp1252", "utf-32"])
def test_another_encoding_is_read_when_it_is_named(tmp_path: Path, encoding: str) -> None:
    text = '{"text": "Grüße"}\n{"text": "zwei"}\n'
    (tmp_path / "t.jsonl").write_bytes(text.encode(encoding))
    found = tasks_of(tmp_path, "t.jsonl", encoding=encoding)
    assert [task.input["text"] for task in found] == ["Grüße", "zwei"]
    assert found[1].source == "t.jsonl:2"


def test_what_is_not_the_encoding_that_was_named_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(b'{"x": 1}\n')
    (found,) = problems_of(tmp_path, "t.jsonl", encoding="utf-16-le")
    assert found.startswith("t.jsonl: it is no utf-16-le: ")


def test_a_byte_order_mark_is_no_part_of_the_data(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbftext\none\n")
    assert tasks_of(tmp_path, "t.csv")[0].input == {"text": "one"}


def test_a_line_that_is_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MOST_BYTES", 20)
    (tmp_path / "t.jsonl").write_text('{"x": 1}\n{"x": "' + "y" * 30 + '"}\n')
    assert problems_of(tmp_path, "t.jsonl") == [
        "t.jsonl:2: the line is longer than 20 bytes: it is no case (one case a line)"
    ]


@pytest.mark.parametrize("name", ["t.jsonl", "t.csv", "t.tsv"])
def test_an_empty_file_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    assert problems_of(tmp_path, name) == [f"{name}: there is no case in it"]


# -- CSV ---------------------------------------------------------------------------------------------------


def test_csv_rows_are_text_with_the_line_they_begin_at(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('id,text,label\n7,"two\nlines, quoted",x\n8,"a ""b""",y\n')
    first, second = tasks_of(tmp_path, "t.csv", answer="label")
    assert (first.case, first.input, first.source) == ("7", {"text": "two\nlines, quoted"}, "t.csv:2")
    assert (second.input, second.expected, second.source) == ({"text": 'a "b"'}, "y", "t.csv:4")


def test_tsv_has_tabs(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("text\tlabel\na, b\tx\n")
    assert tasks_of(tmp_path, "t.tsv", answer="label")[0].input == {"text": "a, b"}


def test_a_csv_value_may_be_longer_than_the_csv_module_allows(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("text\n" + "x" * 200_000 + "\n")
    assert len(tasks_of(tmp_path, "t.csv")[0].input["text"]) == 200_000


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a,b\n1,2\n1,2,3\n", "t.csv:3: the row has 3 values, and the header 2 columns"),
        ("a,b\n1\n", "t.csv:2: the row has 1 values, and the header 2 columns"),
        ("a,b,a\n1,2,3\n", "t.csv:1: the header has the column 'a' twice"),
        ("a,,c\n1,2,3\n", "t.csv:1: column 2 of the header has no name"),
        ('a,b\n1,2\n1,"2\n3,4\n', "t.csv:3: the row that begins here cannot be read: unexpected end of data"),
        ("a,b\n", "t.csv: there is no case in it"),
        ("id,b\n1,2\n1,3\n", "t.csv:3: id: the id '1' is also that of t.csv:2"),
    ],
)
def test_a_bad_csv_file_is_told(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    (found,) = problems_of(tmp_path, "t.csv")
    assert found.startswith(problem)


def test_csv_that_is_no_text_is_told_where_it_stops(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"a,b\n1,2\n1,\xe4\n")
    (found,) = problems_of(tmp_path, "t.csv")
    assert found.startswith("t.csv:3: it is no utf-8: ")


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        (
            "t.csv",
            "id;text\n1;a\n2;b\n",
            ":1: the header is one column with ';' in it (save it with commas)",
        ),
        (
            "t.csv",
            "\nid\ttext\n1\ta\n",
            ":2: the header is one column with a tab in it (name it .tsv, or say workload.format: tsv)",
        ),
        (
            "t.tsv",
            "id,text\n1,a\n",
            ":1: the header is one column with ',' in it (name it .csv, or say workload.format: csv)",
        ),
    ],
)
@pytest.mark.parametrize("answer", [None, "text"])
def test_a_table_with_another_separator_is_told_once(
    tmp_path: Path, name: str, text: str, problem: str, answer: str | None
) -> None:
    (tmp_path / name).write_text(text)
    assert problems_of(tmp_path, name, answer=answer) == [name + problem]


def test_a_table_of_one_column_may_have_other_separators_in_its_values(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("text\na;b\n")
    assert tasks_of(tmp_path, "t.csv")[0].input == {"text": "a;b"}


def test_an_empty_answer_or_input_of_a_table_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,text,more,label\n1,a,,\n2,,b,x\n3, ,,x\n4,a,,x\n")
    assert problems_of(tmp_path, "t.csv", answer="label") == [
        "t.csv:2: label: it is empty: there is no answer",
        "t.csv:4: text, more: it is empty: there is nothing to ask the team",
    ]
    assert problems_of(tmp_path, "t.csv", input="text") == [
        "t.csv:3: text: it is empty: there is nothing to ask the team",
        "t.csv:4: text: it is empty: there is nothing to ask the team",
    ]
    (tmp_path / "t.jsonl").write_text('{"text": "a", "label": ""}\n')
    assert tasks_of(tmp_path, "t.jsonl", answer="label")[0].expected == ""


def test_empty_lines_before_the_header_are_none(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("\n\ntext,label\n\na,b\n")
    (found,) = tasks_of(tmp_path, "t.csv", answer="label")
    assert (found.input, found.source) == ({"text": "a"}, "t.csv:5")
    (tmp_path / "t.csv").write_text("\n\na,a\n1,2\n")
    assert problems_of(tmp_path, "t.csv") == ["t.csv:3: the header has the column 'a' twice"]
    (tmp_path / "t.csv").write_text("\n\n")
    assert problems_of(tmp_path, "t.csv") == ["t.csv: there is no case in it"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_only_ends_of_lines_end_a_row_in_any_encoding(tmp_path: Path, encoding: str, end: str) -> None:
    strange = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
    text = end.join(["text", f"one{strange}two", f'"three{end}four"', "five", ""])
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    found = tasks_of(tmp_path, "t.csv", encoding=encoding)
    assert [task.input["text"] for task in found] == [f"one{strange}two", f"three{end}four", "five"]
    assert [task.source for task in found] == ["t.csv:2", "t.csv:3", "t.csv:5"]


def test_a_byte_order_mark_that_an_encoding_keeps_is_no_part_of_the_data(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("\ufefftext\none\n".encode("utf-16-le"))
    assert tasks_of(tmp_path, "t.csv", encoding="utf-16-le")[0].input == {"text": "one"}


# -- Parquet -----------------------------------------------------------------------------------------------


def test_parquet_rows_are_cases(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table({"id": [1, 2], "tags": [["a"], []], "day": pyarrow.array([0, 1], pyarrow.date32())})
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    first = tasks_of(tmp_path, "t.parquet")[0]
    assert (first.case, first.input, first.source) == (
        "1",
        {"tags": ["a"], "day": "1970-01-01"},
        "t.parquet:1",
    )


def test_parquet_that_cannot_be_cases_is_told(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"no parquet")
    (found,) = problems_of(tmp_path, "broken.parquet")
    assert found.startswith("broken.parquet: it is no Parquet file that can be read: ")
    pyarrow.parquet.write_table(pyarrow.table({"x": [1.0, float("nan")]}), tmp_path / "nan.parquet")
    assert problems_of(tmp_path, "nan.parquet") == [
        "nan.parquet:2: row 2: it has nan, which is no number in JSON"
    ]


def test_parquet_without_pyarrow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert problems_of(tmp_path, "t.parquet") == [
        "t.parquet: Parquet files need pyarrow (pip install 'shoal[parquet]')"
    ]


# -- folders and globs -------------------------------------------------------------------------------------


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    for name in ("spam/one.txt", "ham/two.txt", "ham/three.md", "ham/.hidden"):
        (tmp_path / "letters" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "letters" / name).write_text(f"letter {name}")
    return tmp_path


def test_each_file_of_a_folder_is_a_case(letters: Path) -> None:
    found = tasks_of(letters, "letters", answer="folder")
    assert [task.case for task in found] == ["ham/three.md", "ham/two.txt", "spam/one.txt"]
    assert found[0].input == {"path": "ham/three.md", "text": "letter ham/three.md"}
    assert [task.expected for task in found] == ["ham", "ham", "spam"]
    assert found[0].source == "letters/ham/three.md"


def test_a_pattern_chooses_files_and_can_name_hidden_ones(letters: Path) -> None:
    assert [task.case for task in tasks_of(letters, "letters", pattern="**/*.txt")] == [
        "ham/two.txt",
        "spam/one.txt",
    ]
    both = tasks_of(letters, "letters", pattern=["**/.*", "spam/*"], input="text")
    assert [task.input for task in both] == ["letter ham/.hidden", "letter spam/one.txt"]
    assert problems_of(letters, "letters", pattern="*.pdf") == [
        "workload.pattern: no file in 'letters' matches '*.pdf'"
    ]


def test_a_file_in_a_folder_that_is_no_text_or_empty_is_told(letters: Path) -> None:
    (letters / "letters" / "image.png").write_bytes(b"\x89PNG")
    (letters / "letters" / "nothing.txt").write_bytes(b"")
    image, nothing = problems_of(letters, "letters")
    assert image.startswith("letters/image.png: it is no utf-8: ")
    assert "leave it out by workload.pattern" in image
    assert nothing.startswith("letters/nothing.txt: it is empty")


def test_a_glob_joins_files_of_cases_and_makes_cases_of_text_files(letters: Path) -> None:
    for number in (1, 2):
        (letters / f"part{number}.jsonl").write_text(json.dumps({"id": number, "text": "x"}))
    assert [task.source for task in tasks_of(letters, "part*.jsonl")] == ["part1.jsonl:1", "part2.jsonl:1"]
    assert [task.case for task in tasks_of(letters, "letters/ham/*.txt")] == ["letters/ham/two.txt"]
    assert problems_of(letters, "*.xml") == ["workload.tasks: no file matches '*.xml'"]


def test_a_file_that_is_not_there_is_told_with_its_neighbour(tickets: Path) -> None:
    assert problems_of(tickets, "tikets.jsonl") == [
        "workload.tasks: there is no file or folder 'tikets.jsonl' (did you mean 'tickets.jsonl'?)"
    ]
    (found,) = problems_of(tickets, "nowhere/tickets.jsonl")
    assert "there is no folder 'nowhere' either" in found


@pytest.mark.parametrize("text", ["why? " * 100, "what is it about? " * 20, "/".join("x" * 5000), "a\0b"])
def test_a_text_that_is_no_name_of_a_file_is_told(tmp_path: Path, text: str) -> None:
    (found,) = problems_of(tmp_path, text)
    assert found.startswith(("workload.tasks: there is no file or folder", "workload.tasks: no file matches"))


@pytest.mark.parametrize("name", ["p.jsonl", "p"])
def test_a_pipe_is_told_and_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    assert problems_of(tmp_path, name) == [
        f"{name}: it is neither a file nor a folder, but a pipe, a device or a socket "
        "(write its content to a file)"
    ]


def test_a_suffix_that_says_nothing_asks_for_the_format(tickets: Path) -> None:
    (tickets / "tickets.jsonl").rename(tickets / "tickets.dat")
    (found,) = problems_of(tickets, "tickets.dat")
    assert found.startswith("tickets.dat: its suffix '.dat' does not say how it is read")
    assert len(tasks_of(tickets, "tickets.dat", format="jsonl")) == 3


def test_a_link_to_a_folder_above_gives_no_file_twice(letters: Path) -> None:
    for name in ("letters/loop", "letters/ham/up", "letters/again"):
        (letters / name).symlink_to(letters / "letters", target_is_directory=True)
    ids = ["ham/three.md", "ham/two.txt", "spam/one.txt"]
    assert [task.case for task in tasks_of(letters, "letters")] == ids
    assert [task.case for task in tasks_of(letters, "letters", pattern="**/*.txt")] == ids[1:]
    assert [task.case for task in tasks_of(letters, "letters/**/*.txt")] == [
        "letters/ham/two.txt",
        "letters/spam/one.txt",
    ]


def test_a_link_to_a_folder_elsewhere_is_gone_into(letters: Path) -> None:
    (letters / "other" / "deep").mkdir(parents=True)
    (letters / "other" / "deep" / "a.txt").write_text("a")
    (letters / "letters" / "linked").symlink_to(letters / "other", target_is_directory=True)
    assert [task.case for task in tasks_of(letters, "letters", pattern="**/a*")] == ["linked/deep/a.txt"]
    assert [task.case for task in tasks_of(letters, "letters", pattern="linked/*/a.txt")] == [
        "linked/deep/a.txt"
    ]


def test_a_folder_that_cannot_be_looked_into_is_told(letters: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(folder: Path) -> list[str]:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(os, "listdir", refuses)
    assert problems_of(letters, "letters") == ["letters: it cannot be read: Permission denied"]
    assert problems_of(letters, "*.txt") == ["*.txt: it cannot be read: Permission denied"]


# -- Python ------------------------------------------------------------------------------------------------


class Ticket(BaseModel):
    id: int
    text: str


@dataclass
class Note:
    text: str


def test_python_gives_dicts_models_dataclasses_and_texts(tmp_path: Path) -> None:
    cases: list[Any] = [{"id": 1, "text": "a"}, Ticket(id=2, text="b")]
    first, second = tasks_of(tmp_path, cases)
    assert (first.case, first.input, first.source) == ("1", {"text": "a"}, "workload.tasks:1")
    assert (second.case, second.input) == ("2", {"id": 2, "text": "b"})
    assert [task.input for task in tasks_of(tmp_path, ["x", Note("y")])] == ["x", {"text": "y"}]
    assert [task.case for task in tasks_of(tmp_path, ["x", "y"])] == ["case-1", "case-2"]


def test_a_function_by_its_name_gives_the_cases(tmp_path: Path) -> None:
    def made() -> Iterator[str]:
        yield from ("one", "two")

    assert [task.source for task in tasks_of(tmp_path, "cases:made", names={"made": made})] == [
        "cases:made:1",
        "cases:made:2",
    ]


def test_an_endless_iterable_ends_at_its_limit(tmp_path: Path) -> None:
    assert len(tasks_of(tmp_path, (f"n{n}" for n in itertools.count()), limit=5)) == 5


def test_an_endless_iterable_without_a_limit_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_CASES", 50)
    assert problems_of(tmp_path, (f"n{n}" for n in itertools.count())) == [
        "workload.tasks: there are more than 50 cases (set workload.limit)"
    ]


class Mute(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SystemExit(0), "SystemExit: 0"),
        (SystemExit(), "SystemExit"),
        (Mute(), "Mute: (its text cannot be had: ValueError)"),
    ],
)
def test_python_that_ends_the_program_or_cannot_be_told_is_told(
    tmp_path: Path, error: BaseException, said: str
) -> None:
    def ends() -> Iterator[str]:
        yield "one"
        raise error

    (found,) = problems_of(tmp_path, "cases:ends", names={"ends": ends})
    line = ends.__code__.co_firstlineno + 2
    assert found == f"cases:ends: it raised {said} behind case 1 (test_reading.py:{line})"


def test_an_error_of_no_line_of_the_users_has_no_place(tmp_path: Path) -> None:
    (found,) = problems_of(tmp_path, "cases:needs", names={"needs": lambda one: [one]})
    assert found.endswith("missing 1 required positional argument: 'one'")


def test_what_python_gives_wrongly_is_told(tmp_path: Path) -> None:
    def breaks() -> Iterator[str]:
        yield "one"
        raise KeyError("two")

    async def awaits() -> AsyncIterator[str]:
        yield "one"

    (found,) = problems_of(tmp_path, "cases:breaks", names={"breaks": breaks})
    assert found.startswith("cases:breaks: it raised KeyError: 'two' behind case 1 (test_reading.py:")
    (found,) = problems_of(tmp_path, "cases:awaits", names={"awaits": awaits})
    assert found.startswith("cases:awaits: it is an async function (give an iterable")
    (found,) = problems_of(tmp_path, "cases:number", names={"number": 5})
    assert found.startswith("cases:number: it is int, not an iterable of cases")
    assert problems_of(tmp_path, ["a", 5]) == [
        "workload.tasks:2: it is int; a case is a dict, a Pydantic model or text"
    ]
    (found,) = problems_of(tmp_path, [{"x": object()}])
    assert found.startswith("workload.tasks:1: it is no JSON value: ")
    (found,) = problems_of(tmp_path, ["only text"], answer="label")
    assert found.startswith("workload.tasks:1: workload.answer: it is text, which has no field 'label'")
    assert problems_of(tmp_path, []) == ["workload.tasks: there is no case in it"]


# -- ids and drawing ---------------------------------------------------------------------------------------


def test_an_id_that_would_be_that_of_a_repeat_is_told(tmp_path: Path) -> None:
    cases = [{"id": "a", "x": 1}, {"id": "a#2", "x": 1}]
    assert len(tasks_of(tmp_path, cases)) == 2
    assert problems_of(tmp_path, cases, repeats=2) == [
        "workload.tasks:1: repeat 2 would have the id 'a#2', which is that of workload.tasks:2 "
        "(give one of them another id)"
    ]


def test_a_sample_larger_than_the_workload_is_told(tickets: Path) -> None:
    assert problems_of(tickets, "tickets.jsonl", sample=4) == [
        "workload.sample: 4 cases are to be drawn, and there are 3"
    ]


def test_a_sample_needs_a_pass_over_all_and_tells_what_is_wrong_there(tickets: Path) -> None:
    with (tickets / "tickets.jsonl").open("a") as file:
        file.write("broken\n")
    with pytest.raises(BadWorkload):
        tasks_of(tickets, "tickets.jsonl", sample=1)


IDS = st.lists(st.text(min_size=1, max_size=5), unique=True, min_size=1, max_size=40)


def ids_drawn(ids: list[str], **how: Any) -> list[str]:
    options: dict[str, Any] = {"seed": 0, "sample": None, "shuffle": False, "limit": None, **how}
    return [case.id for case in draw([Case(one, None, None, "") for one in ids], **options)]


@given(IDS, st.integers(), st.integers(1, 40))
def test_a_sample_is_stable_in_order_and_within_a_larger_one(ids: list[str], seed: int, size: int) -> None:
    small = ids_drawn(ids, seed=seed, sample=size)
    large = ids_drawn(ids, seed=seed, sample=size + 1)
    assert small == ids_drawn(ids, seed=seed, sample=size)
    assert len(small) == min(size, len(ids))
    assert small == [one for one in ids if one in small]
    assert set(small) <= set(large)


@given(IDS, st.integers(), st.integers(1, 40))
def test_shuffled_cases_are_all_of_them_and_a_limit_takes_the_first(
    ids: list[str], seed: int, limit: int
) -> None:
    order = ids_drawn(ids, seed=seed, shuffle=True)
    assert sorted(order) == sorted(ids)
    assert ids_drawn(ids, seed=seed, shuffle=True, limit=limit) == order[:limit]
    assert ids_drawn(list(reversed(ids)), seed=seed, shuffle=True) == order


@given(IDS, st.integers(), st.integers(1, 40), st.integers(1, 40))
def test_a_limit_takes_the_first_of_a_sample(ids: list[str], seed: int, size: int, limit: int) -> None:
    assert (
        ids_drawn(ids, seed=seed, sample=size, limit=limit) == ids_drawn(ids, seed=seed, sample=size)[:limit]
    )


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(JSON, min_size=1, max_size=5))
def test_what_is_written_as_json_lines_is_read_as_it_was(values: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        text = "".join(f"{json.dumps({'value': value}, ensure_ascii=False)}\n" for value in values)
        (Path(folder) / "t.jsonl").write_bytes(text.encode())
        found = tasks_of(Path(folder), "t.jsonl", input="value")
    assert [task.input for task in found] == values


@given(st.sampled_from(["t.jsonl", "t.csv", "t.tsv", "t.parquet", "folder/t.txt"]), st.binary(max_size=200))
def test_no_bytes_at_all_raise_anything_but_a_bad_workload(name: str, data: bytes) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / "folder").mkdir()
        (Path(folder) / name).write_bytes(data)
        with contextlib.suppress(BadWorkload):
            assert tasks_of(Path(folder), name.partition("/")[0])
