"""Whatever stands in a file, it is a team or it is said what is wrong with it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from shoal.experiments.errors import BadExperiment
from shoal.experiments.importing import Importer
from shoal.experiments.teams.llm import LLMSpec
from shoal.experiments.teams.making import make_team
from shoal.experiments.teams.spec import PATTERNS, TeamSpec, place_of
from shoal.topologies import Topology
from tests.experiments.teams.crew import HERE
from tests.experiments.teams.test_spec import keys_of, specs

TEAM = TypeAdapter(TeamSpec)
KEYS = sorted({key for spec in specs() for key in keys_of(spec)} | {"a", "b", ""})
WORDS = [
    *PATTERNS,
    "majority",
    "bandit",
    "whole",
    "str",
    "a",
    "1",
    f"{HERE}:Keyword",
    f"{HERE}:split",
    f"{HERE}:Ticket",
]
plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 3),
    st.floats(),
    st.sampled_from(WORDS),
    st.text(max_size=3),
    st.dates(),
)
anything = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.integers(0, 1), inner, max_size=4)
    ),
    max_leaves=12,
)
MEMBER = st.sampled_from(
    [f"{HERE}:{name}" for name in ("Keyword", "Able", "shout", "find", "Speaker", "nobody")]
)


def pattern_of(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """A team of this pattern with agents where they belong, and some options with any value."""
    needed: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "single": {"agent": MEMBER}, "graph": {"nodes": st.dictionaries(st.sampled_from("ab"), MEMBER)},
        "fan_out": {"members": st.lists(MEMBER, max_size=3), "by": st.sampled_from(["majority", f"{HERE}:most"])},
        "debate": {"maker": MEMBER, "checkers": st.lists(MEMBER, max_size=2)},
    }  # fmt: skip
    usual = {
        "worker": "workers",
        "pipeline": "stages",
        "handoff": "agents",
        "swarm": "agents",
        "mesh": "peers",
    }
    given_members: dict[str, st.SearchStrategy[Any]] = {
        usual.get(name, "members"): st.lists(MEMBER, max_size=3)
    }
    return st.fixed_dictionaries({"topology": st.just(name), **needed.get(name, given_members)}).flatmap(
        lambda team: st.dictionaries(
            st.sampled_from(sorted(keys_of(PATTERNS[name]) - set(team))), anything, max_size=2
        ).map(lambda options: options | team)
    )


def checked(value: Any) -> BaseModel | str | None:
    try:
        team: BaseModel | str = TEAM.validate_python(value)
    except ValidationError as exc:
        for error in exc.errors():
            place_of(error)
        return None
    return team


@given(anything)
def test_any_value_is_a_description_or_a_validation_error(value: Any) -> None:
    checked(value)


@given(st.fixed_dictionaries({"topology": anything}))
def test_any_topology_is_known_or_a_validation_error(value: Any) -> None:
    checked(value)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(PATTERNS)).flatmap(pattern_of))
def test_any_team_is_made_or_said_to_be_wrong(value: dict[str, Any]) -> None:
    team = checked(value)
    if team is not None:
        with suppress(BadExperiment):
            assert isinstance(make_team(team, Importer(Path(__file__).parent), ["default"]), Topology)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(LLMSpec.model_fields)), anything, max_size=3))
def test_any_options_of_a_model_are_an_agent_or_said_to_be_wrong(options: dict[str, Any]) -> None:
    team = checked({"llm": options})
    if team is not None:
        with suppress(BadExperiment):
            assert isinstance(make_team(team, Importer(Path(__file__).parent), ["default"]), Topology)
