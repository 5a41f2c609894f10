"""Rows to cases: which field is the id, which the answer, and what the team is asked. Pure."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from shoal.experiments.errors import Problem
from shoal.experiments.workload.row import Found, Row
from shoal.experiments.workload.spec import WorkloadSpec
from shoal.runtime.errors import ConfigError
from shoal.runtime.tasks import check_task

_ID = "id"
_SHOWN = 8


class Case(NamedTuple):
    """One thing to be done, the same for every team and in every repeat."""

    id: str
    input: Any
    expected: Any
    source: str


class _Bad(Exception):
    """A row is no case."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def cases_of(rows: Iterable[Found], spec: WorkloadSpec) -> Iterator[Case | Problem]:
    """A case for each row that ``where`` lets through, in their order; a problem in the place of one that is none."""
    seen: dict[str, str] = {}
    id_field = spec.id
    known: set[str] = set()
    first = True
    for number, row in enumerate(rows, 1):
        if isinstance(row, Problem):
            yield row
            continue
        if first and spec.id is None and not row.id and isinstance(row.fields, dict) and _ID in row.fields:
            id_field = _ID
        first = False
        known.update(row.fields if spec.where and isinstance(row.fields, dict) else ())
        try:
            if not _wanted(row, spec.where):
                continue
            case = _case(row, number, id_field, spec)
        except _Bad as exc:
            yield exc.problem
            continue
        if case.id in seen:
            yield row.problem(f"the id {case.id!r} is also that of {seen[case.id]}", id_field or "")
        else:
            seen[case.id] = case.source
            yield case
    for field in spec.where:
        if known and field not in known:
            yield Problem(
                f"no case has the field {field!r}", field="workload.where", remedy=_near(field, known)
            )


def _case(row: Row, number: int, id_field: str | None, spec: WorkloadSpec) -> Case:
    expected = None if spec.answer is None else _field(row, spec.answer, "workload.answer")
    if spec.answer is not None and expected is None:
        raise _Bad(row.problem("it is null: there is no answer", spec.answer))
    if row.cells and _blank(expected):
        raise _Bad(row.problem("it is empty: there is no answer", spec.answer or ""))
    asked = _input(row, id_field, spec)
    if row.cells and all(map(_blank, asked.values() if isinstance(asked, dict) else [asked])):
        names = ", ".join(asked) if isinstance(asked, dict) else str(spec.input)
        raise _Bad(row.problem("it is empty: there is nothing to ask the team", names))
    return Case(_id(row, number, id_field), asked, expected, row.source)


def _blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _id(row: Row, number: int, id_field: str | None) -> str:
    found = row.id or f"case-{number}" if id_field is None else _field(row, id_field, "workload.id")
    if isinstance(found, bool) or not isinstance(found, str | int):
        what = f"{json.dumps(found)[:80]} cannot be an id: give text or a whole number"
        raise _Bad(row.problem(what, id_field or _ID))
    try:
        return check_task(str(found))
    except ConfigError as exc:
        raise _Bad(row.problem(str(exc), id_field or _ID)) from exc


def _input(row: Row, id_field: str | None, spec: WorkloadSpec) -> Any:
    asked = spec.input
    if isinstance(asked, str):
        return _field(row, asked, "workload.input")
    if isinstance(asked, Mapping):
        return {name: _field(row, field, "workload.input") for name, field in asked.items()}
    if asked is not None:
        return {field: _field(row, field, "workload.input") for field in asked}
    if isinstance(row.fields, str):
        return row.fields
    left_out = {spec.answer} if row.shown else {id_field, spec.answer}
    found = {name: row.fields[name] for name in row.shown or row.fields if name not in left_out}
    if not found:
        raise _Bad(
            row.problem("there is nothing in it but id and answer", remedy="name a field in workload.input")
        )
    return found


def _field(row: Row, name: str, option: str) -> Any:
    if isinstance(row.fields, str):
        raise _Bad(row.problem(f"it is text, which has no field {name!r}", option, "give an object"))
    if name not in row.fields:
        what = f"there is no field {name!r}; there are {_names(row.fields)}"
        raise _Bad(row.problem(what, option, _near(name, row.fields)))
    return row.fields[name]


def _wanted(row: Row, where: Mapping[str, Any]) -> bool:
    if where and isinstance(row.fields, str):
        raise _Bad(row.problem("it is text, which has no fields", "workload.where"))
    fields = row.fields if isinstance(row.fields, dict) else {}
    for name, wanted in where.items():
        found = fields.get(name)
        if not any(_same(found, one) for one in (wanted if isinstance(wanted, list) else [wanted])):
            return False
    return True


def _same(found: Any, wanted: Any) -> bool:
    """Whether a field has a value; of text, as in CSV files, whether it is how the value is written: ``TRUE`` too."""
    if isinstance(found, str) and not isinstance(wanted, str):
        written = found.strip().lower() if isinstance(wanted, bool) else found.strip()
        return wanted is not None and written == json.dumps(wanted)
    return bool(found == wanted) and isinstance(found, bool) == isinstance(wanted, bool)


def _names(fields: Iterable[str]) -> str:
    names = [repr(name) for name in fields]
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "") or "none"


def _near(name: str, fields: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(fields), n=1)
    return f"did you mean {near[0]!r}?" if near else ""
