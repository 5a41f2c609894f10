"""A run as its section of a report shows it: figures as text, pictures drawn. Pure."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from shoal.experiments.explaining.figures import span_text, usd_text
from shoal.experiments.report import summary_figures as figures
from shoal.experiments.report.board_growth import Growth
from shoal.experiments.report.cost_tables import Table, cost_tables
from shoal.experiments.report.run_facts import RunFacts
from shoal.experiments.report.svg_curves import Axis, Curve, curves
from shoal.experiments.report.svg_histogram import Writing, histogram
from shoal.experiments.report.svg_lanes import lanes_picture
from shoal.experiments.report.svg_team import amount_text, part_name, team_picture
from shoal.experiments.report.task_sections import TaskSection, task_sections
from shoal.experiments.report.ticks import count_tick, money_tick, time_tick
from shoal.runtime.redaction import redact
from shoal.runtime.terminal.text import clipped

_WAYS = 40
"""Rows of the table of ways."""
_CHARS = 400


class WayRow(NamedTuple):
    """What went from one part of a team to another."""

    sender: str
    receiver: str
    messages: int
    tokens: int
    money: str
    usd: float


class Happening(NamedTuple):
    """A death, a restart, a dead letter."""

    after_s: float
    after: str
    """Of work, since the run began."""
    when: str
    kind: str
    agent: str
    reason: str
    task: str


class BoardSection(NamedTuple):
    """A region of the board."""

    growth: Growth
    picture: Markup | None


class RunSection(NamedTuple):
    """All that is shown of a run."""

    anchor: str
    facts: RunFacts
    tiles: list[figures.Tile]
    states: list[tuple[str, int, float]]
    about: list[figures.Fact]
    steps: list[figures.Step]
    team: Markup | None
    ways: list[WayRow]
    timeline: Markup | None
    latency: Markup | None
    cost: Markup | None
    spending: list[Markup]
    tables: list[Table]
    happenings: list[Happening]
    boards: list[BoardSection]
    tasks: list[TaskSection]
    notes: list[str]


def run_section(facts: RunFacts, anchor: str, root: str = "") -> RunSection:
    """The section of a run. ``root``: where commands find it, if not where they look."""
    team, ways = _team(facts)
    traffic = facts.traffic
    return RunSection(
        anchor=anchor,
        facts=facts,
        tiles=figures.tiles(facts),
        states=figures.states_of(facts),
        about=figures.what_was_run(facts),
        steps=figures.next_steps(facts, root),
        team=team,
        ways=ways,
        timeline=lanes_picture(facts.timeline) if facts.timeline.lanes else None,
        latency=histogram(
            facts.latencies, "Latency of tasks", "from submission to end", Writing(span_text, time_tick)
        )
        if facts.latencies
        else None,
        cost=_cost(facts),
        spending=_spending(facts),
        tables=cost_tables({"role": traffic.roles, "model": traffic.models, "agent": traffic.agents}),
        happenings=_happenings(facts),
        boards=[BoardSection(growth, _growth(growth)) for growth in facts.boards],
        tasks=task_sections(facts),
        notes=_notes(facts, drawn=team is not None),
    )


def _team(facts: RunFacts) -> tuple[Markup | None, list[WayRow]]:
    if not facts.graph.get("members"):
        return None, []
    try:
        drawn, ways, found = team_picture(facts.graph, facts.traffic)
    except (KeyError, TypeError, AttributeError):  # JSON, but not what describes a team: the notes say so
        return None, []
    rows = [
        WayRow(
            part_name(way.sender, found), part_name(way.receiver, found), way.amount.messages, way.amount.tokens,
            usd_text(way.amount.usd, priced=way.amount.priced), way.amount.usd,
        )
        for way in ways[:_WAYS]
        if amount_text(way.amount)
    ]  # fmt: skip
    return drawn, rows


def _cost(facts: RunFacts) -> Markup | None:
    if not facts.costs:
        return None
    dollars = facts.summary.usd > 0
    writing = Writing(_dollars, money_tick) if dollars else Writing(count_tick, count_tick)
    return histogram(
        facts.costs, "Cost of tasks", "US dollars a task" if dollars else "tokens a task", writing
    )


def _dollars(value: float) -> str:
    return usd_text(value) or "$0"


def _spending(facts: RunFacts) -> list[Markup]:
    if not facts.spending:
        return []
    time = Axis("time of work since the run began", time_tick)
    budget = facts.spec.get("budget")
    limits = budget if isinstance(budget, dict) else {}
    drawn = [
        curves(
            "Tokens over time", [Curve("tokens", [(at, tokens) for at, tokens, _ in facts.spending])], time,
            Axis("tokens", count_tick), limit=_number(limits.get("tokens")),
        )
    ]  # fmt: skip
    if facts.spending[-1][2]:
        drawn.append(
            curves(
                "Money over time", [Curve("money", [(at, usd) for at, _, usd in facts.spending], 1)], time,
                Axis("US dollars", money_tick), limit=_number(limits.get("usd")),
            )
        )  # fmt: skip
    return drawn


def _number(value: object) -> float | None:
    return (
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None
    )


def _growth(growth: Growth) -> Markup | None:
    if not growth.moments:
        return None
    found = [
        Curve("revisions", [(at, revisions) for at, revisions, _ in growth.moments]),
        Curve("entries", [(at, entries) for at, _, entries in growth.moments], 1),
    ]
    axis = Axis("", count_tick)
    return curves(f"Board {growth.region}", found, Axis("time of work since the run began", time_tick), axis)


def _happenings(facts: RunFacts) -> list[Happening]:
    found = []
    for after, event in facts.happenings:
        data = event.data
        reason = str(data.get("reason") or "")
        detail = str(data.get("detail") or "")
        said = f"{reason}: {detail}" if reason and detail else reason or detail
        found.append(
            Happening(
                after, span_text(after), figures.moment(event.at), event.kind.replace("_", " "), event.agent or "",
                clipped(redact(said), _CHARS), event.task or "",
            )
        )  # fmt: skip
    return found


def _notes(facts: RunFacts, *, drawn: bool) -> list[str]:
    notes = []
    if facts.graph and not drawn:
        notes.append(
            "team.json of this run does not describe a team: it is damaged, and there is no picture of it."
        )
    if facts.status == "empty":
        notes.append("Nothing of this run was begun.")
    if facts.status == "running":
        notes.append("The run is going on: everything here is as it was when this report was made.")
    if not facts.journals_messages:
        notes.append(
            "This run does not journal messages: there is no traffic, no timeline and no trace. `output: {journal: "
            "messages}` in its experiment file writes them down."
        )
    if facts.dropped:
        notes.append(f"The recorder was behind at times: {facts.dropped:,} messages are not in the journal.")
    if not facts.summary.priced:
        notes.append("Some prices are not known: money is at least what is said here.")
    return notes
