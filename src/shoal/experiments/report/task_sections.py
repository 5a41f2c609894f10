"""The worst tasks of a run as they are shown: what was asked and answered, cut, and the trace. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from markupsafe import Markup

from shoal.experiments.comparing.wording import points
from shoal.experiments.explaining.figures import many, short_count, span_text, usd_text
from shoal.experiments.report.run_facts import RunFacts, WorstTask
from shoal.experiments.report.svg_waterfall import waterfall
from shoal.experiments.result import Result
from shoal.runtime.redaction import redact, redact_data

LEAD, MOST = 160, 6000
"""Characters of a text before one opens it, and at most."""


class Text(NamedTuple):
    """A text that may be long."""

    label: str
    lead: str
    """Its beginning, on one line."""
    whole: str
    """Empty: the lead is all of it."""


class TaskSection(NamedTuple):
    """A task."""

    task: str
    state: str
    why: tuple[str, ...]
    figures: str
    texts: tuple[Text, ...]
    trace: Markup | None
    missing: tuple[str, ...]
    """What the trace lacks."""
    source: str


def task_sections(facts: RunFacts) -> list[TaskSection]:
    """Each of the worst tasks."""
    return [_section(one) for one in facts.worst]


def _section(one: WorstTask) -> TaskSection:
    result = one.worst.result
    return TaskSection(
        result.task,
        result.state.value.replace("_", " "),
        tuple(why.value for why in one.worst.why),
        ", ".join(_figures(result)),
        tuple(_texts(one)),
        waterfall(one.trace) if one.trace is not None else None,
        one.trace.missing if one.trace is not None else (),
        one.task.source if one.task is not None else "",
    )


def _figures(result: Result) -> Iterator[str]:
    if result.score is not None:
        yield f"score {points(result.score)}"
    if result.took_s is not None:
        yield span_text(result.took_s)
    if result.tokens:
        yield f"{short_count(result.tokens)} tokens"
        if money := usd_text(result.usd, priced=result.priced):
            yield money
    if result.messages:
        yield many(result.messages, "message")
    if result.attempts > 1:
        yield many(result.attempts, "attempt")


def _texts(one: WorstTask) -> Iterator[Text]:
    result = one.worst.result
    if one.task is not None:
        yield text_of("input", one.task.input)
    if result.expected is not None:
        yield text_of("expected", result.expected)
    if result.output is not None:
        yield text_of("output", result.output)
    if result.error or result.error_text:
        yield text_of("error", f"{result.error}: {result.error_text}" if result.error_text else result.error)


def text_of(label: str, value: Any) -> Text:
    """A value as text: without secrets, cut."""
    said = redact(value) if isinstance(value, str) else _json(redact_data(value))
    lead = " ".join(said[: 4 * LEAD].split())
    if len(lead) <= LEAD and len(said) <= 4 * LEAD and "\n" not in said.strip():
        return Text(label, lead, "")
    cut = f"{said[:MOST]}\n… and {len(said) - MOST:,} more characters" if len(said) > MOST else said
    return Text(label, f"{lead[: LEAD - 1]}…" if len(lead) > LEAD else lead, cut)


def _json(value: Any) -> str:
    if isinstance(value, dict) and len(value) == 1:
        (only,) = value.values()
        if isinstance(only, str):
            return only
    short = json.dumps(value, ensure_ascii=False)
    return short if len(short) <= LEAD else json.dumps(value, ensure_ascii=False, indent=2)
