"""What stands at the top of a run: its figures, what was run, and what can be done next. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from shoal.experiments.comparing.estimate import Estimate
from shoal.experiments.comparing.wording import points
from shoal.experiments.explaining.choosing import typed
from shoal.experiments.explaining.figures import many, span_text
from shoal.experiments.report.run_facts import RunFacts
from shoal.experiments.result import State
from shoal.experiments.running.amounts import count, dollars, duration, rate
from shoal.experiments.running.summary import Summary
from shoal.runtime.journal.reader import FINISHED, RUNNING
from shoal.runtime.redaction import redact

_SHOWN_TYPES = ("str", "int", "float")


class Tile(NamedTuple):
    """A figure, large."""

    label: str
    value: str
    note: str = ""
    kind: str = ""
    """``bad`` where it is one to look at."""


class Fact(NamedTuple):
    """A line of what was run."""

    label: str
    value: str


class Step(NamedTuple):
    """What one may do next."""

    why: str
    command: str


def tiles(facts: RunFacts) -> list[Tile]:
    """The figures of a run, those first that decide."""
    found = facts.summary
    ended = facts.ended
    failed = found.states.get(State.FAILED, 0)
    shown = [Tile("tasks", f"{found.tasks:,}", f"{ended:,} ended")]
    if failed:
        shown.append(Tile("failed", f"{failed:,}", f"{100 * failed / found.tasks:.1f} % of the tasks", "bad"))
    if facts.score is not None:
        shown.insert(0, Tile("score", points(facts.score.value), interval_text(facts.score)))
    shown += _model_tiles(found, ended)
    if found.latency_p50_s is not None:
        shown.append(
            Tile("latency p50", span_text(found.latency_p50_s), f"p95 {span_text(found.latency_p95_s)}")
        )
    if found.throughput is not None:
        shown.append(
            Tile(
                "throughput",
                rate(found.throughput).replace(" tasks/", " /"),
                f"tasks; {duration(found.work_s)} of work",
            )
        )
    if messages := found.messages or facts.traffic.total.messages:
        shown.append(Tile("messages", count(messages), f"{messages / max(1, ended):.1f} a task"))
    for label, number in (("restarts", found.restarts), ("dead letters", found.dead_letters)):
        shown.append(Tile(label, f"{number:,}", "", "bad" if number else ""))
    return shown


def _model_tiles(found: Summary, ended: int) -> list[Tile]:
    if not found.calls:
        return []
    return [
        Tile(
            "tokens", count(found.tokens), f"{count(found.input_tokens)} in, {count(found.output_tokens)} out"
        ),
        Tile(
            "money",
            _money(found.usd, priced=found.priced),
            "" if found.priced else "some prices are not known",
        ),
        Tile("model calls", f"{found.calls:,}", f"{found.calls / max(1, ended):.1f} a task"),
    ]


def interval_text(found: Estimate) -> str:
    """``81 to 94 (95 %), 120 cases``."""
    cases = many(found.cases, "case")
    if found.low is None or found.high is None:
        return f"of 100, {cases}"
    return f"{points(round(found.low, 2))} to {points(round(found.high, 2))} (95 %), {cases}"


def states_of(facts: RunFacts) -> list[tuple[str, int, float]]:
    """Each state that tasks are in, how many, and their share in percent."""
    total = max(1, facts.summary.tasks)
    return [(state, number, 100 * number / total) for state, number in facts.summary.states.items() if number]


def what_was_run(facts: RunFacts) -> list[Fact]:
    """What, by which program, when and where."""
    return [Fact(label, redact(value)) for label, value in _what_was_run(facts) if value]


def _what_was_run(facts: RunFacts) -> Iterator[tuple[str, str]]:
    environment = facts.environment
    sessions = [one for one in _listed(environment.get("sessions")) if isinstance(one, dict)]
    yield "experiment", facts.experiment
    yield "team", facts.team or _pattern(facts)
    yield "state", _status(facts)
    yield "seed", str(environment.get("seed", ""))
    yield "began", moment(facts.created_at)
    if facts.last_at is not None:
        yield "last entry", moment(facts.last_at)
    yield "sessions", f"{facts.summary.sessions}, {duration(facts.summary.wall_s)} in all"
    if sessions:
        last = sessions[-1]
        yield "where", f"{last.get('host', '')}, {last.get('cpus', '?')} CPUs, {last.get('platform', '')}"
        yield "versions", _versions(last)
        git = last.get("git")
        if isinstance(git, dict):
            yield "commit", f"{str(git.get('commit', ''))[:12]}{' with changes' if git.get('dirty') else ''}"
        yield "command", shlex.join(str(word) for word in _listed(last.get("argv")))
    yield "models", ", ".join(_models(facts.spec.get("models")))
    yield "budget", _limits(facts.spec.get("budget"))


def _listed(value: Any) -> list[Any]:
    """A list out of a file that anybody may have changed."""
    return value if isinstance(value, list) else []


def moment(at: float) -> str:
    """A time as people read it; the same wherever the report is made."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):  # no time of this calendar
        return f"{at:g} s since 1970"


def _pattern(facts: RunFacts) -> str:
    return str(facts.graph.get("pattern", ""))


def _status(facts: RunFacts) -> str:
    said = {
        RUNNING: "running: the figures are those so far",
        FINISHED: "finished",
        "interrupted": "interrupted: what is missing can be gone on with",
        "empty": "nothing was begun",
    }
    return said.get(facts.status, facts.status)


def _versions(session: dict[str, Any]) -> str:
    named = [(name, str(session.get(name) or "")) for name in ("shoal", "ray", "python")]
    return ", ".join(f"{name} {version}" for name, version in named if version)


def _models(models: Any) -> Iterator[str]:
    for name, model in models.items() if isinstance(models, dict) else ():
        inner = model.get("model") if isinstance(model, dict) else model
        yield f"{name}: {inner}" if inner and inner != name else str(name)


def _limits(budget: Any) -> str:
    if not isinstance(budget, dict):
        return ""
    units = {"tokens": "tokens", "usd": "US$", "calls": "calls", "steps": "steps", "wall": "s"}
    return ", ".join(
        f"{value:,} {units[name]}" if isinstance(value, int | float) else f"{value} {units[name]}"
        for name, value in budget.items()
        if name in units and value is not None and type(value).__name__ in _SHOWN_TYPES
    )


def _money(usd: float, *, priced: bool) -> str:
    return dollars(usd) if priced else f"≥ {dollars(usd)}"


def next_steps(facts: RunFacts, root: str = "") -> list[Step]:
    """Commands that fit what became of the run."""
    tail = shlex.quote(facts.run) + (f" --root {shlex.quote(root)}" if root else "")
    found = facts.summary
    steps = []
    if facts.status == RUNNING:
        steps.append(Step("it is running: make this report again later", f"shoal report {tail}"))
    elif not found.complete:
        steps.append(Step("go on with what has not ended", f"shoal resume {tail}"))
    if found.states.get(State.FAILED):
        steps.append(Step("see what failed, by cause", f"shoal failures {tail}"))
    if task := next(filter(None, (typed(one.worst.result.task) for one in facts.worst)), ""):
        name, *rest = tail.split(" ", 1)
        more = f" {rest[0]}" if rest else ""
        steps.append(Step("follow one task through the team", f"shoal trace {name} {task}{more}"))
        steps.append(Step("why its answer is what it is", f"shoal why {name} {task}{more}"))
    if found.calls:
        steps.append(Step("who spent what", f"shoal cost {tail} --by role"))
    steps.append(Step("hold it against other teams", f"shoal compare {tail} OTHER_RUN"))
    return steps
