"""Rows of a CSV or TSV file: a header, then one case a row. All values are text."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from shoal.experiments.errors import Problem
from shoal.experiments.workload.lines import lines_of
from shoal.experiments.workload.row import MOST_BYTES, Found, Row


class _Undecodable(Exception):
    """A line is no text: there is no telling where the next row begins."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def read_csv(path: Path, shown: str, encoding: str, delimiter: str) -> Iterator[Found]:
    """Each row behind the header; empty lines are none. Raises ``OSError``."""
    if (
        csv.field_size_limit() < MOST_BYTES
    ):  # of the whole process: 131,072 characters unless somebody asks for more
        csv.field_size_limit(MOST_BYTES)
    rows = csv.reader(_texts(path, shown, encoding), delimiter=delimiter, strict=True)
    before = 0
    try:
        header = next(rows, None)
        if header is None:
            return
        if problem := _bad_header(header, shown):
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


def _bad_header(header: list[str], shown: str) -> Problem | None:
    for position, name in enumerate(header, 1):
        if not name.strip():
            return Problem(f"column {position} of the header has no name", shown, 1)
        if name in header[: position - 1]:
            return Problem(f"the header has the column {name!r} twice", shown, 1)
    return None


def _row(header: list[str], values: list[str], shown: str, line: int) -> Found:
    if len(values) != len(header):
        what = f"the row has {len(values)} values, and the header {len(header)} columns"
        return Problem(what, shown, line, remedy='put values with commas or quotes in "..."')
    return Row(dict(zip(header, values, strict=True)), shown, line)
