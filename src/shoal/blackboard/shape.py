"""What types the fields of an unpacked msgpack list may have. Pure."""

from __future__ import annotations

from typing import Any

TEXT = frozenset({str})
BYTES = frozenset({bytes})
WHOLE = frozenset({int})
NUMBER = frozenset({int, float})
"""A whole number is fine where a float is meant; a bool is no number."""
TRUTH = frozenset({bool})
LIST = frozenset({tuple})
NONE = frozenset({type(None)})


class Shape:
    """The types of the fields of one kind of list.

    The combinations that were found good are kept, no more than the product of the fields' choices: one look for all
    fields together takes half the time of one for each.
    """

    __slots__ = ("_allowed", "_known", "_name")

    def __init__(self, name: str, *allowed: frozenset[type]) -> None:
        """``name``: as an error calls the list; ``allowed``: for each field, the types it may have."""
        self._name = name
        self._allowed = allowed
        self._known: set[tuple[type, ...]] = set()

    def check(self, fields: Any) -> Any:
        """The fields, if they are a tuple of the right types. Raises :class:`ValueError`."""
        if type(fields) is not tuple:
            raise ValueError(f"{self._name} is no list of fields")
        types = tuple(map(type, fields))
        if types not in self._known:
            self._learn(types)
        return fields

    def _learn(self, types: tuple[type, ...]) -> None:
        if len(types) != len(self._allowed):
            raise ValueError(f"{self._name} has {len(types)} fields, not {len(self._allowed)}")
        for number, (found, allowed) in enumerate(zip(types, self._allowed, strict=True)):
            if found not in allowed:
                raise ValueError(f"field {number} of {self._name} is of the type {found.__name__}")
        self._known.add(types)


def check_texts(values: tuple[Any, ...]) -> tuple[str, ...]:
    """The values, if all of them are texts. Raises :class:`ValueError`."""
    if values and not TEXT.issuperset(map(type, values)):
        raise ValueError("a list of texts holds something else")
    return values
