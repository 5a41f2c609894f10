"""What is said at the end of a run: the results in numbers, where they are, and what can be done next."""

from __future__ import annotations

from pathlib import Path

from rich.markup import escape
from rich.text import Text

from shoal.experiments.layout import RESULTS_FILE
from shoal.experiments.result import State
from shoal.experiments.running.amounts import count, dollars, duration, rate, several
from shoal.experiments.running.outcome import Ending, Outcome
from shoal.experiments.running.summary import Summary
from shoal.runtime.journal.run_directory import root_option, unusual
from shoal.runtime.terminal.text import clipped

_LABEL = 12
_CHARS = 300
_STYLES = {State.DONE: "green", State.PARTIAL: "yellow", State.FAILED: "red", State.NOT_STARTED: "yellow"}
_MARKS = {
    Ending.COMPLETE: "[green]✓[/green]",
    Ending.OUT_OF_BUDGET: "[yellow]■[/yellow]",
    Ending.STOPPED: "[yellow]■[/yellow]",
}


def closing_page(
    outcome: Outcome, root: Path | None = None, *, said: str = "", retry_failed: bool = False
) -> list[Text]:
    """The lines of it.

    ``root``: what commands have to be told, where it is not the usual one. ``said``: instead of how it ended.
    ``retry_failed``: as of :func:`resume_command`.
    """
    lines = [Text.from_markup(_headline(outcome, said)), Text()]
    for label, text in _facts(outcome):
        lines.append(Text(f"{label:<{_LABEL}}", "dim").append(text))
    lines.append(Text())
    for label, command in _next(outcome, root, retry_failed=retry_failed):
        lines.append(Text(f"{label:<{_LABEL}}", "dim").append(command, "bold" if "resume" in command else ""))
    return lines


def resume_command(outcome: Outcome, root: Path | None = None, *, retry_failed: bool = False) -> str:
    """How to go on with it. ``retry_failed``: whether this session did failed tasks again."""
    more = retry_option(retry_failed and bool(outcome.summary.states.get(State.FAILED)))
    more += f" --set budget.{outcome.short or 'usd'}=..." if outcome.ending is Ending.OUT_OF_BUDGET else ""
    return f"{resume_words(outcome.path, root)}{more}"


def resume_words(path: Path, root: Path | None = None) -> str:
    """The command that goes on with the run in this directory."""
    return f"shoal resume {path.name}{root_option(root if root is not None else unusual(path.parent))}"


def retry_option(retry_failed: bool) -> str:
    """What has failed tasks done again."""
    return " --retry-failed" if retry_failed else ""


def _headline(outcome: Outcome, instead: str) -> str:
    tasks = several(outcome.summary.tasks, "task")
    said = {
        Ending.COMPLETE: f"{tasks}, and every one has ended"
        if outcome.summary.tasks > 1
        else "its one task has ended",
        Ending.OUT_OF_BUDGET: "the budget is used up",
        Ending.STOPPED: "stopped",
    }[outcome.ending]
    return f"{_MARKS[outcome.ending]} [bold]{escape(outcome.run)}[/bold]: {instead or said}"


def _facts(outcome: Outcome) -> list[tuple[str, Text | str]]:
    summary = outcome.summary
    facts: list[tuple[str, Text | str]] = [("tasks", _states(summary))]
    facts += [("score", said) for said in _scores(summary)]
    if summary.calls:
        facts.append(("model", _spent(summary)))
    if summary.latency_p50_s is not None and summary.latency_p95_s is not None:
        facts.append(
            ("latency", f"p50 {duration(summary.latency_p50_s)}, p95 {duration(summary.latency_p95_s)}")
        )
    facts.append(("time", _time(summary)))
    if trouble := _trouble(summary):
        facts.append(("trouble", trouble))
    facts.append(("results", str(outcome.path / RESULTS_FILE)))
    return facts


def _states(summary: Summary) -> Text:
    said = [
        Text(f"{count(summary.states[state])} {state.value.replace('_', ' ')}", _STYLES[state])
        for state in State
        if summary.states.get(state)
    ]
    return Text(", ").join(said)


def _scores(summary: Summary) -> list[Text | str]:
    """The mean, and why it is not of all."""
    lines: list[Text | str] = []
    if summary.score is not None:
        lines.append(f"{summary.score:.3f} on average of {count(summary.scored)}")
    if summary.scorer_failed:
        answers = (
            summary.tasks - summary.states.get(State.FAILED, 0) - summary.states.get(State.NOT_STARTED, 0)
        )
        said = f"the scorer failed on {count(summary.scorer_failed)} of {several(answers, 'answer')}"
        lines.append(Text(f"{said}: {clipped(summary.scorer_error, _CHARS)}", "red"))
    if summary.unjudged:
        lines.append(Text(f"{several(summary.unjudged, 'answer')} not judged yet", "yellow"))
    if summary.unscored:
        lines.append(
            f"none for {several(summary.unscored, 'answer')}: nothing was expected, or the scorer gave none"
        )
    return lines


def _spent(summary: Summary) -> str:
    cost = (
        dollars(summary.usd) if summary.priced else f"at least {dollars(summary.usd)} (a price is not known)"
    )
    tokens = f"{count(summary.tokens)} tokens ({count(summary.input_tokens)} in, {count(summary.output_tokens)} out)"
    return f"{several(summary.calls, 'call')}, {tokens}, {cost}"


def _time(summary: Summary) -> str:
    parts = [duration(summary.wall_s)]
    if summary.sessions > 1:
        parts.append(f"in {summary.sessions} sessions")
    if summary.throughput:
        parts.append(f"({rate(summary.throughput)})")
    return " ".join(parts)


def _trouble(summary: Summary) -> str:
    parts = []
    if summary.restarts:
        parts.append(several(summary.restarts, "restart") + " of agents")
    if summary.dead_letters:
        parts.append(several(summary.dead_letters, "dead letter"))
    return ", ".join(parts)


def _next(outcome: Outcome, root: Path | None, *, retry_failed: bool) -> list[tuple[str, str]]:
    run = outcome.run
    lines = []
    if not outcome.complete:
        lines.append(("resume with", resume_command(outcome, root, retry_failed=retry_failed)))
    if outcome.summary.states.get(State.FAILED, 0) or outcome.summary.scorer_failed:
        lines.append(("failures", f"shoal failures {run}{root_option(root)}"))
    lines.append(("report", f"shoal report {run}{root_option(root)}"))
    lines.append(("one task", f"shoal trace {run} TASK{root_option(root)}"))
    return lines
