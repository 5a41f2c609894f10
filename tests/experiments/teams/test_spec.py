"""What may stand in a file: every option of every builder, with its default, and nothing else."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

import shoal
from shoal.experiments.teams.aggregates import (
    AggregateSpec,
    ConcatenateSpec,
    MajoritySpec,
    MergeSpec,
    WeightedSpec,
)
from shoal.experiments.teams.ending import CountSpec, NoImprovementSpec, QuiescenceSpec
from shoal.experiments.teams.llm import LLMSpec, VotesSpec
from shoal.experiments.teams.patterns.graph import JoinSpec, VisitsSpec
from shoal.experiments.teams.patterns.mesh import BreakerSpec
from shoal.experiments.teams.patterns.pipeline import GateSpec
from shoal.experiments.teams.patterns.worker import ClassifySpec
from shoal.experiments.teams.routing import BanditSpec
from shoal.experiments.teams.spec import PATTERNS, TeamSpec, place_of
from shoal.experiments.teams.wrapping import AcceptedSpec, EdgeSpec, GatedSpec, Wrapped
from shoal.topologies.graph import Graph
from shoal.topologies.hierarchy import branch

TEAM = TypeAdapter(TeamSpec)
NOT_IN_FILES: dict[str, dict[str, str]] = {
    "worker": {},
    "pipeline": {"named": "stages by name are under `stages`"},
    "fan_out": {"named": "members by name are under `members`"},
    "debate": {"named": "checkers by name are under `checkers`"},
    "handoff": {"named": "agents by name are under `agents`"},
    "swarm": {"named": "agents by name are under `agents`"},
    "graph": {"named": "nodes by name are under `nodes`"},
    "gated": {"agent": "what it stands beside"},
    "edge": {"agent": "what it stands beside"},
    "accepted": {"doer": "what it stands beside"},
}
OWN_DEFAULTS = {
    ("worker", "router"): "the builder's own",
    ("pipeline", "gates"): "none", ("pipeline", "skip"): "none", ("pipeline", "parallel"): "none",
    ("swarm", "until"): "the builder's own",
    ("mesh", "breaker"): "compared by its fields",
    ("handoff", "requires"): "a list", ("accepted", "verifiers"): "a list", ("accepted", "checks"): "a list",
    ("debate", "checks"): "a list", ("debate", "criterion"): "the builder's own",
    ("hierarchy", "agree_on"): "a list", ("branch", "agree_on"): "a list",
    ("merge", "prefer"): "a list", ("merge", "unite"): "a list",
    ("LLMAgent", "name"): "the member's name", ("LLMAgent", "input"): "by its place",
    ("LLMAgent", "output"): "by its place", ("LLMAgent", "fallback"): "a list", ("LLMAgent", "tools"): "a list",
    ("LLMAgent", "validators"): "a list", ("LLMAgent", "capabilities"): "a list", ("LLMAgent", "model"): "default",
}  # fmt: skip
BUILDERS: dict[str, tuple[Callable[..., Any], type[BaseModel]]] = {
    **{name: (getattr(shoal, name) if name != "branch" else branch, spec) for name, spec in PATTERNS.items()},
    "gated": (shoal.gated, GatedSpec),
    "edge": (shoal.edge, EdgeSpec),
    "accepted": (shoal.accepted, AcceptedSpec),
    "LLMAgent": (shoal.LLMAgent, LLMSpec),
    "classify": (shoal.Classify, ClassifySpec),
    "gate": (shoal.gate, GateSpec),
    "bandit": (shoal.Bandit, BanditSpec),
    "breaker": (shoal.Breaker, BreakerSpec),
    "votes": (shoal.Votes, VotesSpec),
    "majority": (shoal.majority_vote, MajoritySpec),
    "weighted": (shoal.weighted_vote, WeightedSpec),
    "merge": (shoal.merge_by_schema, MergeSpec),
    "concatenate": (shoal.concatenate, ConcatenateSpec),
    "count": (shoal.CountReached, CountSpec),
    "no_improvement": (shoal.NoImprovement, NoImprovementSpec),
    "quiescence": (shoal.Quiescence, QuiescenceSpec),
}
OF_METHODS: dict[Callable[..., Any], tuple[type[BaseModel], set[str]]] = {
    Graph.node: (VisitsSpec, {"name", "agent", "take"}),
    Graph.join: (JoinSpec, {"name"}),
}


def keys_of(spec: type[BaseModel]) -> set[str]:
    """What may stand in the file."""
    return {field.alias or name for name, field in spec.model_fields.items()}


def options_of(builder: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    return {name: one for name, one in inspect.signature(builder).parameters.items() if name != "self"}


@pytest.mark.parametrize("name", BUILDERS)
def test_every_option_of_a_builder_can_stand_in_a_file(name: str) -> None:
    builder, spec = BUILDERS[name]
    missing = set(options_of(builder)) - keys_of(spec) - set(NOT_IN_FILES.get(name, {}))
    assert not missing


@pytest.mark.parametrize("method", OF_METHODS, ids=lambda one: one.__name__)
def test_every_option_of_a_graphs_parts_can_stand_in_a_file(method: Callable[..., Any]) -> None:
    spec, elsewhere = OF_METHODS[method]
    assert set(options_of(method)) - elsewhere <= keys_of(spec)


@pytest.mark.parametrize("name", BUILDERS)
def test_a_file_has_the_defaults_of_the_builder(name: str) -> None:
    builder, spec = BUILDERS[name]
    for option, parameter in options_of(builder).items():
        field = spec.model_fields.get(option)
        if field is None or field.is_required() or parameter.default is parameter.empty:
            continue
        if (name, option) not in OWN_DEFAULTS:
            assert field.get_default(call_default_factory=True) == parameter.default, option


def test_a_handover_has_to_say_what_the_builder_wants() -> None:
    given = PATTERNS["handoff"].model_fields["requires"].default
    assert tuple(given) == options_of(shoal.handoff)["requires"].default


def specs() -> list[type[BaseModel]]:
    """All models that a team's description is made of."""
    found: list[type[BaseModel]] = []
    waiting: list[type[BaseModel]] = [Wrapped]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += one.__subclasses__()
    return [*found, *(spec for _, spec in BUILDERS.values())]


def test_every_key_has_a_help_text_in_the_schema() -> None:
    without = [
        f"{spec.__name__}.{name}"
        for spec in specs()
        for name, field in spec.model_fields.items()
        if not field.description
    ]
    assert not without


def test_the_schema_is_plain_json_that_knows_all_patterns() -> None:
    schema = json.loads(json.dumps(TEAM.json_schema()))
    said = json.dumps(schema)
    assert all(f'"const": "{pattern}"' in said for pattern in PATTERNS)
    assert "Who is asked, by name or as a list." in said


BAD = {
    "3": ((), 'a member is "module:name", or a mapping with use, llm or topology, not int'),
    "keyword": ((), "'keyword' is no import path"),
    "{topology: fanout}": (("topology",), "did you mean 'fan_out'?"),
    "{topolgy: fan_out}": ((), "did you mean 'topology'?"),
    "{use: 'a:b', llm: {}}": ((), "not use and llm"),
    "{use: 'a:b', wiht: {}}": (("wiht",), "not permitted"),
    "{topology: fan_out, members: 3, by: majority}": (("members",), "members by name, or a list"),
    "{topology: fan_out, members: [3], by: majority}": (("members", 0), "not int"),
    "{topology: fan_out, members: {a: {llm: {modle: x}}}, by: majority}": (
        ("members", "a", "llm", "modle"),
        "not perm",
    ),
    "{topology: fan_out, members: ['a:b'], by: majorty}": (("by",), "'majority', 'ranked' or 'concatenate'"),
    "{topology: fan_out, members: ['a:b'], by: 3}": (("by",), "expected to be majority"),
    "{topology: fan_out, members: ['a:b'], by: {majority: {}, ranked: x}}": (("by",), "majority and ranked"),
    "{topology: fan_out, members: ['a:b'], by: majority, need: '3'}": (("need",), "valid integer"),
    "{topology: fan_out, members: ['a:b'], by: majority, report: 3}": (
        ("report",),
        "true, false, or the import path",
    ),
    "{topology: fan_out, members: ['a:b'], by: majority, deadline_s: soon}": (
        ("deadline_s",),
        "valid number",
    ),
    "{topology: worker, workers: ['a:b'], router: {field: x, bandit: {}}}": (("router",), "give one of"),
    "{topology: worker, workers: ['a:b'], router: 3}": (("router",), "round_robin"),
    "{topology: pipeline, stages: ['a:b'], replicas: 0}": (("replicas",), "greater than or equal to 1"),
    "{topology: swarm, agents: ['a:b'], until: [{findings: 1, items_done: 2}]}": (("until", 0), "findings"),
    "{topology: mesh, peers: ['a:b'], channels: star}": (("channels",), "'full', 'ring' or 'small_world'"),
    "{topology: graph, nodes: {a: 'a:b'}, edges: [{from: a}]}": (("edges", 0, "to"), "required"),
    "{llm: {output: {}}}": (("llm", "output"), "it names no field"),
    "{llm: {output: {'a b': str}}}": (("llm", "output"), "'a b' is no name of a field"),
    "{llm: {output: [str, int]}}": (("llm", "output"), "one type"),
    "{llm: {output: {a: strr}}}": (("llm", "output", "a"), "'strr' is no type"),
    "{llm: {output: 3}}": (("llm", "output"), "expected to be a type"),
    "{llm: {memory: {whole: true, summary: 100}}}": (("llm", "memory"), "give one of"),
    "{llm: {instructions: 3}}": (("llm", "instructions"), "a text, the name of a text file"),
    "{use: 'a:b', edge: {context: some}}": (("edge", "context"), "'whole'"),
}


@pytest.mark.parametrize("text", BAD)
def test_what_cannot_stand_in_a_file_is_said_with_its_place(text: str) -> None:
    place, said = BAD[text]
    with pytest.raises(ValidationError) as caught:
        TEAM.validate_python(yaml.safe_load(text))
    (error,) = caught.value.errors()
    assert place_of(error) == place
    assert said in error["msg"]


def test_amounts_can_be_written_short() -> None:
    team: Any = TEAM.validate_python({"llm": {"budget": {"tokens": "1.5m", "calls": "2k", "wall": "90s"}}})
    assert team.llm.budget.budget() == shoal.Budget(tokens=1_500_000, calls=2000, wall_s=90.0)


def test_a_description_read_again_from_json_is_the_same() -> None:
    text = "{topology: fan_out, members: {a: {llm: {output: {x: [str]}}}, b: 'a:b'}, by: {synthesize: 'c:d'}}"
    team = TEAM.validate_python(yaml.safe_load(text))
    again = TEAM.validate_json(TEAM.dump_json(team, by_alias=True, exclude_unset=True))
    assert again == team


def test_the_field_alone_stands_for_a_majority_vote_on_it() -> None:
    short, full = ({"majority": given} for given in ("label", {"field": "label"}))
    assert AggregateSpec.model_validate(short) == AggregateSpec.model_validate(full)
