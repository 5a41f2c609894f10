"""The patterns as data: what each is, what it is claimed to cost, the line that builds it, how it fails.

Costs are multiples of one agent's, as guides to multi-agent systems claim them, mostly without a method behind them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Pattern(StrEnum):
    """By the builder's name; the simplest first."""

    SINGLE = "single"
    DEBATE = "debate"
    WORKER = "worker"
    HANDOFF = "handoff"
    PIPELINE = "pipeline"
    FAN_OUT = "fan_out"
    HIERARCHY = "hierarchy"
    MESH = "mesh"
    SWARM = "swarm"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is to know of a pattern."""

    title: str
    what: str
    """How it works, in one sentence."""
    arguments: tuple[str, ...]
    """Of the builder, in an example."""
    measure: str
    """What tells whether it pays, besides the comparison with one agent."""
    cost: tuple[float, float] | None = None
    """Claimed, as a multiple of one agent's. ``None``: nothing is claimed."""
    calls: str = ""
    """What can be counted of the cost where nothing is claimed."""
    fails: Mapping[str, str] = field(default_factory=dict)
    """How it fails, by the builder's option that is against it."""


FACTS: Mapping[Pattern, Facts] = {
    Pattern.SINGLE: Facts(
        "One agent",
        "One agent with its tools does all of it.",
        ("Assistant()",),
        "Quality, tokens and time on tasks of yours, as the baseline for whatever you try later.",
        cost=(1, 1),
    ),
    Pattern.DEBATE: Facts(
        "Debate (maker and checker)",
        "A maker drafts, checkers with other instructions or another model object, in bounded rounds.",
        ("Writer()", "Critic()"),
        "Which objections were right, and what one round less would lose (record=True keeps them).",
        calls="at most (1 + checkers) x rounds model steps",
        fails={
            "distinct": "maker and checker share blind spots: give the checker other words, or another model",
            "evidence": "a checker nods: an agreement must quote what it rests on",
            "rounds": "it goes on for ever",
        },
    ),
    Pattern.WORKER: Facts(
        "Orchestrator and workers",
        "An orchestrator gives each message to the worker that fits, or divides it and puts the answers together.",
        ('{"billing": Billing(), "sales": Sales()}', 'fallback="sales"'),
        "How many tasks go to the wrong worker, and what one message costs at the orchestrator.",
        cost=(2, 3),
        fails={
            "classify": "a message goes to the wrong worker: rules first, a model where they are not sure",
            "fallback": "nobody fits",
            "orchestrators": "one orchestrator is the bottleneck: several stand behind the one address",
        },
    ),
    Pattern.HANDOFF: Facts(
        "Handoff",
        "Each agent answers, or hands the task over to another one, with its goal, reason and state.",
        ("triage=Triage()", "billing=Billing()", "sales=Sales()", 'default="triage"'),
        "Transfers a task, and how many of them go straight back.",
        calls="one model step more for each transfer",
        fails={
            "most_bounces": "two agents send a task to and fro",
            "requires": "what was known is lost on the way: a transfer must say its goal and reason",
            "default": "it goes to somebody who does not exist",
        },
    ),
    Pattern.PIPELINE: Facts(
        "Pipeline",
        "Each message goes through the stages in order; a quick one overtakes a slow one.",
        ("extract=Extract()", "draft=Draft()", 'gates={"extract": is_complete}'),
        "What each gate refuses, and the time between stages beside the time in them.",
        cost=(3, 4),
        fails={
            "gates": "bad output cascades: a check behind a stage repairs, sends back or stops it",
            "skip": "every task pays for every stage",
            "replicas": "the slowest stage is the speed of all",
        },
    ),
    Pattern.FAN_OUT: Facts(
        "Fan-out and fan-in",
        "All members get the task at once, and one answer is made of theirs by a rule that you name.",
        ("security=Security()", "style=Style()", "by=shoal.merge_by_schema(Review)"),
        "How often members disagree, and how long the last one is waited for (report=True says both).",
        cost=(4, 5),
        fails={
            "by": "the collector invents a consensus: name a vote or a schema; disagreement is an error or reported",
            "deadline_s": "the slowest member is the speed of all",
            "need": "all are waited for where fewer would do",
        },
    ),
    Pattern.HIERARCHY: Facts(
        "Hierarchy",
        "A tree: supervisors divide the work among branches and answer with summaries of a schema.",
        (
            '[shoal.branch("law", [Contracts(), Courts()]), shoal.branch("tax", [Vat(), Income()])]',
            "summary=Summary",
            "summarize=sum_up",
        ),
        "What is in the workers' answers and missing at the top; contradictions between branches.",
        cost=(3, 5),
        fails={
            "summary": "summaries lose what matters: a schema says what must be in them",
            "agree_on": "branches contradict each other",
            "need": "one branch that fails takes all down",
        },
    ),
    Pattern.MESH: Facts(
        "Mesh",
        "Peers (shoal.Peer) speak to one another over channels, in bounded rounds, until nothing changes any more.",
        ('{"ann": Ann(), "ben": Ben(), "cleo": Cleo()}', 'first="all"', "rounds=4"),
        "Messages a task, and how it ended: agreed, or out of turns (the result says both).",
        cost=(3, 6),
        fails={
            "turns": "they talk for ever, or one of them does (turns_each)",
            "most_visits": "a message goes in circles",
            "breaker": "a peer that fails is asked again and again",
        },
    ),
    Pattern.SWARM: Facts(
        "Swarm",
        "Agents take items off the blackboard, and put findings and further items there, until a rule ends it.",
        ("Searcher()", 'until=shoal.CountReached("finding/", 20)', "name_of=subject"),
        "How it ended (enough found, nothing left, out of time), and what was done twice.",
        cost=(2, 10),
        fails={
            "until": "it does not know when to stop: a count, a time, or no more news",
            "name_of": "agents do the same twice: what is called the same is one item",
            "items_each": "one agent takes the whole budget",
            "monitor": "it goes astray: who sees its progress can stop it",
        },
    ),
}


def claimed(pattern: Pattern) -> str:
    """What is claimed of a pattern's cost, in words."""
    facts = FACTS[pattern]
    if facts.cost is None:
        return f"{facts.calls} (nothing is claimed)"
    low, high = facts.cost
    return f"a claimed {low:g}-{high:g} times one agent" if high > low else "the measure of all others"
