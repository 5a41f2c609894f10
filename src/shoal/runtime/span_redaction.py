"""Secrets out of spans before they leave their process: :mod:`~shoal.runtime.redaction` for a whole batch at once.

The same names, endpoints and roles are in most spans of a batch, so each text is looked at once a batch: of the 0.16 ms
that a span of a model call takes by itself, some microseconds are left when many come together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shoal.runtime.journal.records import SpanRow
from shoal.runtime.redaction import redact, redact_data

MOST_TEXT = 1_000
"""Characters of a name or an outcome; an error's text can be long."""


def redacted(spans: Iterable[SpanRow]) -> list[SpanRow]:
    """The spans without the secrets in their names, outcomes and data."""
    known: dict[tuple[str, str], str] = {}

    def text_under(name: str, text: str) -> str:
        found = known.get((name, text))
        if found is None:
            found = known[name, text] = str(redact_data(text, name))
        return found

    def field(name: Any, value: Any) -> tuple[Any, Any]:
        name = text_under("", name) if isinstance(name, str) else name
        if isinstance(value, str):
            return name, text_under(str(name), value)
        plain = value is None or isinstance(value, int | float)
        return name, value if plain else redact_data(value, str(name))

    return [
        (
            own_id, parent, task, agent, kind, text_under("", name[:MOST_TEXT]), at, took_s,
            redact(outcome[:MOST_TEXT]) if outcome != "ok" else outcome,
            dict(field(name, value) for name, value in data.items()),
        )
        for own_id, parent, task, agent, kind, name, at, took_s, outcome, data in spans
    ]  # fmt: skip
