"""Rows of a CSV or TSV file: a header, then one case a row. All values are text; empty lines are nothing."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from shoal.experiments.errors import Problem
from shoal.experiments.workload.lines import lines_of
from shoal.experiments.workload.row import MOST_BYTES, Found, Row

_COMMAS, _AS_CSV = "save it with commas", "name it .csv, or say workload.format: csv"
_AS_TSV = "name it .tsv, or say workload.format: tsv"
_OTHERS = {",": {"\t": _AS_TSV, ";": _COMMAS}, "\t": {",": _AS_CSV, ";": _COMMAS}}
"""By the separator of a file: others that a header of one column has in it where it was meant to have several."""


class _Undecodable(Exception):
    """A line is no text: there is no telling where the next row begins."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def read_csv(path: Path, shown: str, encoding: str, delimiter: str) -> Iterator[Found]:
    """Each row behind the header. Raises ``OSError``."""
    if (
        csv.field_size_limit() < MOST_BYTES
    ):  # of the whole process: 131,072 characters unless somebody asks for more
        csv.field_size_limit(MOST_BYTES)
    rows = csv.reader(_texts(path, shown, encoding), delimiter=delimiter, strict=True)
    before = 0
    try:
        header: list[str] = []
        while not header:
            before = rows.line_num
            values = next(rows, None)
            if values is None:
                return
            header = values
        if problem := _bad_header(header, delimiter, shown, before + 1):
            yield problem
            return
        before = rows.line_num
        for values in rows:
            if values:
                yield _row(header, values, shown, before + 1)
            before = rows.line_num
    except _Undecodable as exc:
        yield exc.problem
    except csv.Error as exc:
        yield Problem(f"the row that begins here cannot be read: {exc}", shown, before + 1)


def _texts(path: Path, shown: str, encoding: str) -> Iterator[str]:
    for line in lines_of(path, shown, encoding):
        if isinstance(line, Problem):
            raise _Undecodable(line)
        yield line.text


def _bad_header(header: list[str], delimiter: str, shown: str, line: int) -> Problem | None:
    for other, remedy in _OTHERS[delimiter].items() if len(header) == 1 else ():
        if other in header[0]:
            name = "a tab" if other == "\t" else repr(other)
            return Problem(f"the header is one column with {name} in it", shown, line, remedy=remedy)
    for position, name in enumerate(header, 1):
        if not name.strip():
            return Problem(f"column {position} of the header has no name", shown, line)
        if name in header[: position - 1]:
            return Problem(f"the header has the column {name!r} twice", shown, line)
    return None


def _row(header: list[str], values: list[str], shown: str, line: int) -> Found:
    if len(values) != len(header):
        what = f"the row has {len(values)} values, and the header {len(header)} columns"
        return Problem(what, shown, line, remedy='put values with commas or quotes in "..."')
    return Row(dict(zip(header, values, strict=True)), shown, line, cells=True)
