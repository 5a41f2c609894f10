"""Conditions in the words of Python: ``Key("plan").revision == 3``, ``Field("size") <= 10``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from shoal.blackboard.entry import encode_value
from shoal.blackboard.errors import InvalidOperation
from shoal.blackboard.operations import Compare, Comparison, Target, Where


class Condition:
    """One condition: of a transaction, about a key; or of a claim, about a field of the item's value."""

    __slots__ = ("about",)

    def __init__(self, about: Compare | Where) -> None:
        self.about = about

    def __bool__(self) -> bool:
        raise InvalidOperation("a condition is for the board to decide: it is neither true nor false here")

    @property
    def compare(self) -> Compare:
        """As a transaction's. Raises :class:`InvalidOperation` for one about a field."""
        if isinstance(self.about, Where):
            raise InvalidOperation(
                "a transaction compares keys: Key('...').value, .version, .revision or .created"
            )
        return self.about

    @property
    def where(self) -> Where:
        """As a claim's. Raises :class:`InvalidOperation` for one about a key."""
        if isinstance(self.about, Compare):
            raise InvalidOperation("a claim looks at fields of the item: Field('...')")
        return self.about


class _Compared(ABC):
    """What stands on the left of a comparison."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    @abstractmethod
    def _condition(self, comparison: Comparison, operand: Any) -> Condition:
        """The condition that this comparison means."""

    def __eq__(self, operand: Any) -> Condition:  # type: ignore[override]
        return self._condition("==", operand)

    def __ne__(self, operand: Any) -> Condition:  # type: ignore[override]
        return self._condition("!=", operand)

    def __lt__(self, operand: Any) -> Condition:
        return self._condition("<", operand)

    def __le__(self, operand: Any) -> Condition:
        return self._condition("<=", operand)

    def __gt__(self, operand: Any) -> Condition:
        return self._condition(">", operand)

    def __ge__(self, operand: Any) -> Condition:
        return self._condition(">=", operand)


class Field(_Compared):
    """A field of an item's value, for ``board.claim(where=[Field("size") <= 10])``. Dots go into nested values."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def _condition(self, comparison: Comparison, operand: Any) -> Condition:
        return Condition(Where(self.path, comparison, operand))


class _KeyTarget(_Compared):
    __slots__ = ("_key", "_target")

    def __init__(self, key: str, target: Target) -> None:
        self._key = key
        self._target = target

    def _condition(self, comparison: Comparison, operand: Any) -> Condition:
        return Condition(
            Compare(
                self._key,
                self._target,
                comparison,
                encode_value(operand) if self._target == "value" else operand,
            )
        )


class Key:
    """A key, for the conditions of a transaction."""

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key = key

    @property
    def value(self) -> _KeyTarget:
        """Its value. Not there: only ``!=`` holds."""
        return _KeyTarget(self.key, "value")

    @property
    def version(self) -> _KeyTarget:
        """How often it was set since it came to be; 0: it is not there."""
        return _KeyTarget(self.key, "version")

    @property
    def revision(self) -> _KeyTarget:
        """The revision of its last change; 0: it is not there."""
        return _KeyTarget(self.key, "mod_revision")

    @property
    def created(self) -> _KeyTarget:
        """The revision at which it came to be; 0: it is not there."""
        return _KeyTarget(self.key, "create_revision")


def as_where(conditions: Iterable[Condition] | Mapping[str, Any]) -> tuple[Where, ...]:
    """Conditions on fields; a mapping means that each field equals its value."""
    if isinstance(conditions, Mapping):
        return tuple(Where(field, "==", value) for field, value in conditions.items())
    if isinstance(conditions, Condition):
        return (conditions.where,)
    return tuple(condition.where for condition in conditions)
