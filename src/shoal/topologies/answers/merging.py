"""Merging: each gives some of the fields, and together they are one object. What contradicts is said. Pure.

A field that is ``None`` in somebody's answer, or a key that is not in it, is not given by them: who leaves things out
declares them as ``X | None = None``. Fields that the schema does not have are left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from shoal.runtime.config import describe_invalid
from shoal.runtime.errors import ConfigError
from shoal.topologies.answers.aggregate import Aggregate, Answers, Outcome
from shoal.topologies.answers.ballot import ballot, ballots, stands, value_of
from shoal.topologies.tree.contradictions import Contradiction
from shoal.topologies.wiring.carrying import as_data
from shoal.topologies.wiring.excerpt import excerpt
from shoal.topologies.wiring.signature import Kinds, type_names

_LISTED = 5
_SHOWN = 200


class Merging(Aggregate):
    """See :func:`merge_by_schema`."""

    def __init__(self, schema: type[BaseModel], prefer: Sequence[str], unite: Sequence[str]) -> None:
        if not (isinstance(schema, type) and issubclass(schema, BaseModel)):
            raise ConfigError(f"merge_by_schema: {schema!r} is no Pydantic model")
        for field in unite:
            if field not in schema.model_fields:
                raise ConfigError(
                    f"merge_by_schema: unite names {field!r}, which {schema.__name__} does not have"
                )
        self._schema = schema
        self._prefer = tuple(prefer)
        self._unite = frozenset(unite)
        self.label = f"merged to {schema.__name__}"

    def check(self, answers: Mapping[str, Kinds]) -> Kinds:
        """Everybody gives something of it, and somebody each field that must be there."""
        for name in self._prefer:
            if name not in answers:
                raise ConfigError(
                    f"merge_by_schema: prefer names {name!r}, which is none of {', '.join(answers)}"
                )
        fields = self._schema.model_fields
        given: set[str] = set()
        for name, kinds in answers.items():
            for kind in kinds if kinds is not None else (dict,):
                given |= self._fields_of(name, kind)
        lacking = [field for field, info in fields.items() if info.is_required() and field not in given]
        if lacking:
            raise ConfigError(
                f"merge_by_schema: no member gives {', '.join(map(repr, lacking))} of {self._schema.__name__}"
            )
        return (self._schema,)

    def _fields_of(self, name: str, kind: type) -> set[str]:
        fields = set(self._schema.model_fields)
        if kind is dict:
            return fields
        if kind is type(None):
            return set()
        shared = fields & set(kind.model_fields) if issubclass(kind, BaseModel) else set()
        if not shared:
            raise ConfigError(
                f"merge_by_schema: member {name!r} answers {type_names((kind,))}, which has none of the fields of "
                f"{self._schema.__name__} ({', '.join(self._schema.model_fields)})"
            )
        return shared

    def objection(self, answer: Any) -> str:
        """It has fields."""
        why = super().objection(answer)
        if not why and not isinstance(answer, BaseModel | dict):
            return f"its answer is {type(answer).__name__}, which has no fields"
        return why

    def combine(self, message: Any, answers: Answers, missing: Collection[str] = ()) -> Outcome:
        """Field by field; a contradiction goes to who is preferred, or leaves it undecided."""
        merged: dict[str, Any] = {}
        conflicts: list[Contradiction] = []
        unresolved: list[Contradiction] = []
        dissent: set[str] = set()
        for field in self._schema.model_fields:
            values = {name: value_of(answer, field) for name, answer in answers.items()}
            values = {name: value for name, value in values.items() if value is not None}
            if not values:
                continue
            found = stands(ballots(values), {})
            who = next(name for name in (*self._prefer, *found[0].names) if name in values)
            merged[field] = _united(values) if field in self._unite else values[who]
            if field in self._unite or len(found) == 1:
                continue
            conflicts.append(contradiction(field, values))
            dissent.update(name for one in found if who not in one.names for name in one.names)
            if who not in self._prefer:
                unresolved.append(conflicts[-1])
        if unresolved:
            return Outcome(undecided=_contradicts(self._schema, unresolved), conflicts=tuple(conflicts))
        named = tuple(name for name in answers if name in dissent)
        return self._made(merged, tuple(conflicts), named)

    def _made(
        self, merged: Mapping[str, Any], conflicts: tuple[Contradiction, ...], dissent: tuple[str, ...]
    ) -> Outcome:
        fields = self._schema.model_fields
        names = {name: info.validation_alias for name, info in fields.items()}
        given = {alias if isinstance(alias := names[name], str) else name: merged[name] for name in merged}
        try:
            answer = self._schema.model_validate(given)
        except ValidationError as exc:
            why = describe_invalid(f"{self._schema.__name__}, merged of what came", exc)
            return Outcome(undecided=f"merge_by_schema: {why}", conflicts=conflicts)
        return Outcome(answer, conflicts=conflicts, dissent=dissent)


def contradiction(field: str, values: Mapping[str, Any]) -> Contradiction:
    """Who says what about a field."""
    return Contradiction(about=field, values={name: as_data(value) for name, value in values.items()})


def _united(values: Mapping[str, Any]) -> list[Any]:
    """All entries of all lists, each once."""
    entries = [
        entry
        for value in values.values()
        for entry in (value if isinstance(value, list | tuple) else [value])
    ]
    return list({ballot(entry, exact=True): entry for entry in reversed(entries)}.values())[::-1]


def _contradicts(schema: type[BaseModel], conflicts: Sequence[Contradiction]) -> str:
    listed = "; ".join(excerpt(str(one), _SHOWN) for one in conflicts[:_LISTED])
    return (
        f"merge_by_schema: what the members give of {schema.__name__} contradicts: {listed} "
        "(prefer=[...] says whose word counts)"
    )


def merge_by_schema(
    schema: type[BaseModel], *, prefer: Sequence[str] = (), unite: Sequence[str] = ()
) -> Merging:
    """Each member gives some of the fields of ``schema``, as a dict or a model; out comes one ``schema``.

    Two values for one field are a conflict: the first of the members that ``prefer`` names has the last word, and
    without it there is no answer (``Undecided``). The conflict is reported either way. ``unite``: list fields whose
    entries are put together, each once.
    """
    return Merging(schema, prefer, unite)
