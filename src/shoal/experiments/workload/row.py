"""A row of the workload's data, before it is known what its fields mean. Pure.

Every reader of a kind of data gives an iterator of rows and problems, in the data's order: a problem stands in the
place of what could not be read, so that nothing is left out in silence, and reading goes on behind it where it can.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, TypeAlias

from pydantic_core import to_jsonable_python

from shoal.experiments.errors import Problem

MOST_BYTES = 16 * 2**20
"""Of a line, and of a text file that is a case. A longer one is no case, but a file of another format."""


class Row(NamedTuple):
    """One case as it was found."""

    fields: dict[str, Any] | str
    """JSON values by name; or text alone, which has no fields."""
    file: str
    """As the experiment names it; ``workload.tasks`` for what is in no file."""
    line: int = 0
    """From 1; of parquet the row; 0: the whole file."""
    id: str = ""
    """Its id where the spec names none: the path of a file that is a case."""
    shown: tuple[str, ...] | None = None
    """The fields that are the input where the spec does not say; ``None``: all but id and answer."""
    cells: bool = False
    """Whether its values are text in the cells of a table, which has no other way to say that there is none."""

    @property
    def source(self) -> str:
        """Its place, as ``tickets.jsonl:17``."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def problem(self, what: str, field: str = "", remedy: str = "") -> Problem:
        """A problem of this row."""
        return Problem(what, self.file, self.line, field, remedy)


Found: TypeAlias = Row | Problem


def as_json(value: Any) -> Any:
    """A value of Python as JSON has it. Raises ``ValueError`` for what JSON cannot hold."""
    try:
        found = to_jsonable_python(value, bytes_mode="base64", inf_nan_mode="constants")
    except (
        ValueError,
        TypeError,
    ) as exc:  # the first for what contains itself, PydanticSerializationError is one
        raise ValueError(f"it is no JSON value: {exc}") from exc
    check_json(found)
    return found


def check_json(value: Any) -> None:
    """Raises ``ValueError`` for numbers that are none and text that is no Unicode."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"it has {value!r}, which is no number in JSON")
    elif isinstance(value, str):
        check_text(value)
    elif isinstance(value, dict):
        for key, part in value.items():
            check_text(key)
            check_json(part)
    elif isinstance(value, list):
        for part in value:
            check_json(part)


def check_text(text: str) -> None:
    """Raises ``ValueError`` for half of a pair of surrogates, which no encoding can send."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it has text with half of a surrogate pair, which is no Unicode") from None
