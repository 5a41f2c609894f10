"""From traits to a pattern: every rule by itself, and all combinations of traits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError

from shoal.topologies.advice.advice import advice_for
from shoal.topologies.advice.avoid import AGAINST, Against
from shoal.topologies.advice.cautions import CAUTIONS, Caution
from shoal.topologies.advice.choice import FITS, choose
from shoal.topologies.advice.interview import QUESTIONS, next_question
from shoal.topologies.advice.options import OPTIONS, Option
from shoal.topologies.advice.patterns import FACTS, Pattern
from shoal.topologies.advice.reasons import MANY_TOOLS, REASONS, Reason, reasons_of
from shoal.topologies.advice.traits import Parts, Routing, Traits
from tests.topologies.traits import all_traits, traits_strategy

TEAM: dict[str, Any] = {"permissions_differ": True}
"""One reason, so that there is a team."""


def advised(**given: Any) -> Pattern:
    return advice_for(Traits(**given)).pattern


# -- one agent -----------------------------------------------------------------------------------------------


@given(traits_strategy())
def test_one_agent_is_advised_exactly_when_no_reason_rules_it_out(traits: Traits) -> None:
    assert (advice_for(traits).pattern is Pattern.SINGLE) == (not reasons_of(traits))


@pytest.mark.parametrize("parts", [one for one in Parts if one is not Parts.INDEPENDENT])
def test_the_way_in_which_work_divides_alone_is_no_reason_for_a_team(parts: Parts) -> None:
    assert advised(parts=parts, agents=50) is Pattern.SINGLE


def test_one_agent_comes_with_what_would_show_that_it_is_not_enough() -> None:
    advice = advice_for(Traits(parts=Parts.UNKNOWN))
    assert set(advice.measure) == {reason.measure for reason in REASONS if reason.measure}
    assert advice.grows_to is Pattern.SWARM


@pytest.mark.parametrize(
    ("reason", "given"),
    [
        ("context_fits", {"context_fits": False}),
        ("tools", {"tools": MANY_TOOLS + 1}),
        ("permissions_differ", {"permissions_differ": True}),
        ("skills", {"skills": 2}),
        ("parts", {"parts": Parts.INDEPENDENT}),
        ("reviewer", {"reviewer": True}),
        ("accuracy_over_speed", {"accuracy_over_speed": True}),
    ],
)
def test_each_reason_alone_rules_one_agent_out_and_is_named(reason: str, given: dict[str, Any]) -> None:
    advice = advice_for(Traits(**given))
    assert advice.pattern is not Pattern.SINGLE
    assert [one.trait for one in advice.why] == [reason]


def test_as_many_tools_as_one_agent_can_tell_apart_are_no_reason() -> None:
    assert advised(tools=MANY_TOOLS) is Pattern.SINGLE


# -- which team --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "pattern"),
    [
        ({}, Pattern.WORKER),
        ({"parts": Parts.KNOWN}, Pattern.WORKER),
        ({"parts": Parts.KNOWN, "routing": Routing.ON_THE_WAY}, Pattern.HANDOFF),
        ({"parts": Parts.FIXED_ORDER}, Pattern.PIPELINE),
        ({"parts": Parts.INDEPENDENT}, Pattern.FAN_OUT),
        ({"parts": Parts.UNKNOWN}, Pattern.SWARM),
        ({"parts": Parts.REFINED}, Pattern.MESH),
        ({"skills": 4, "agents": 20}, Pattern.HIERARCHY),
        ({"skills": 1, "agents": 20}, Pattern.WORKER),
    ],
)
def test_a_divided_task_gets_the_team_that_fits_how_it_divides(
    given: dict[str, Any], pattern: Pattern
) -> None:
    assert advised(**TEAM, **given) is pattern


@pytest.mark.parametrize("parts", [one for one in Parts if one is not Parts.INDEPENDENT])
def test_a_second_look_alone_is_a_debate_however_the_work_divides(parts: Parts) -> None:
    assert advised(parts=parts, reviewer=True) is Pattern.DEBATE
    assert advised(parts=parts, accuracy_over_speed=True) is Pattern.DEBATE


def test_a_second_look_at_divided_work_is_a_debate_inside_the_team() -> None:
    advice = advice_for(Traits(parts=Parts.FIXED_ORDER, reviewer=True, **TEAM))
    assert advice.pattern is Pattern.PIPELINE
    assert advice.inside.startswith("shoal.debate(")


@pytest.mark.parametrize(
    ("given", "wanted", "least_bad", "against"),
    [
        ({"parts": Parts.UNKNOWN, "debuggable": True}, Pattern.SWARM, Pattern.WORKER, ("debuggable",)),
        ({"parts": Parts.UNKNOWN, "accountable": True}, Pattern.SWARM, Pattern.WORKER, ("accountable",)),
        ({"parts": Parts.REFINED, "latency_s": 1.9}, Pattern.MESH, Pattern.DEBATE, ("latency_s",)),
        ({"parts": Parts.REFINED, "agents": 9}, Pattern.MESH, Pattern.DEBATE, ("agents",)),
        ({"skills": 2, "agents": 30, "latency_s": 1}, Pattern.HIERARCHY, Pattern.WORKER, ("latency_s",)),
        ({"parts": Parts.INDEPENDENT, "tight_budget": True}, Pattern.FAN_OUT, Pattern.WORKER, ("tight_budget",)),
        (
            {"parts": Parts.FIXED_ORDER, "fault_tolerant": True},
            Pattern.PIPELINE, Pattern.PIPELINE, ("fault_tolerant",),
        ),
        (
            {"parts": Parts.REFINED, "accountable": True, "debuggable": True},
            Pattern.MESH, Pattern.DEBATE, ("accountable", "debuggable"),
        ),
    ],
)  # fmt: skip
def test_traits_that_conflict_are_said_with_the_least_bad_choice(
    given: dict[str, Any], wanted: Pattern, least_bad: Pattern, against: tuple[str, ...]
) -> None:
    advice = advice_for(Traits(**TEAM, **given))
    assert advice.pattern is least_bad
    assert advice.conflict is not None
    assert advice.conflict.pattern is wanted
    assert advice.conflict.traits == against
    assert advice.conflict.least_bad


def test_an_answer_in_two_seconds_is_not_in_less() -> None:
    assert advised(parts=Parts.REFINED, latency_s=2, **TEAM) is Pattern.MESH


# -- every rule ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", REASONS, ids=lambda rule: rule.trait)
def test_every_reason_holds_for_some_traits_and_not_for_the_defaults(rule: Reason) -> None:
    assert not rule.holds(Traits())
    met = next(traits for traits in all_traits() if rule.holds(traits))
    assert rule.why(met)
    assert rule.trait in Traits.model_fields


@pytest.mark.parametrize("rule", AGAINST, ids=lambda rule: rule.trait)
def test_every_rule_against_patterns_lists_them_to_be_avoided_with_the_trait(rule: Against) -> None:
    assert not rule.holds(Traits())
    met = next(traits for traits in all_traits() if rule.holds(traits) and not reasons_of(traits))
    listed = {one.pattern for one in advice_for(met).avoid if one.trait == rule.trait}
    assert listed == {*rule.why, *rule.unless}
    assert rule.said(met)
    assert rule.trait in Traits.model_fields


@pytest.mark.parametrize("rule", OPTIONS, ids=lambda rule: f"{rule.pattern}-{rule.trait}")
def test_every_option_comes_into_the_line_of_its_pattern(rule: Option) -> None:
    met = next(traits for traits in all_traits() if rule.holds(traits) and advised_is(rule.pattern, traits))
    advice = advice_for(met)
    assert rule.text(met) in advice.arguments
    assert rule.why in [one.text for one in advice.options]


@pytest.mark.parametrize("number", range(len(CAUTIONS)))
def test_every_caution_is_given_with_each_of_its_patterns(number: int) -> None:
    rule: Caution = CAUTIONS[number]
    assert not rule.holds(Traits())
    for pattern in rule.patterns:
        met = next(
            (traits for traits in all_traits() if rule.holds(traits) and advised_is(pattern, traits)), None
        )
        assert met is not None, pattern
        assert rule.text(met, pattern) in [one.text for one in advice_for(met).cautions]


def test_every_pattern_is_advised_for_some_traits_and_every_fit_is_reached() -> None:
    assert {advice_for(traits).pattern for traits in all_traits()} == set(Pattern) == set(FACTS)
    assert {id(choose(traits).fit) for traits in all_traits()} == {id(fit) for fit in FITS}


def advised_is(pattern: Pattern, traits: Traits) -> bool:
    return advice_for(traits).pattern is pattern


# -- all combinations ------------------------------------------------------------------------------------------------


@given(traits_strategy())
def test_no_pattern_is_advised_and_to_be_avoided(traits: Traits) -> None:
    advice = advice_for(traits)
    assert advice.pattern not in {one.pattern for one in advice.avoid}


@given(traits_strategy())
def test_what_is_taken_in_the_place_of_another_pattern_has_nothing_against_it(traits: Traits) -> None:
    advice = advice_for(traits)
    if advice.conflict is not None and advice.conflict.pattern is not advice.pattern:
        assert not [one for one in AGAINST if one.holds(traits) and advice.pattern in one.why]


@given(traits_strategy())
def test_all_advice_says_why_what_it_costs_and_what_to_measure(traits: Traits) -> None:
    advice = advice_for(traits)
    assert bool(advice.why) == bool(advice.fits) == (advice.pattern is not Pattern.SINGLE)
    assert advice.cost is not None or advice.calls
    assert advice.build.startswith(f"shoal.{advice.pattern}(")
    assert advice.measure


@given(traits_strategy())
def test_only_a_figure_that_is_claimed_stands_without_the_person_having_said_it(traits: Traits) -> None:
    advice = advice_for(traits)
    for text in (*(one.text for one in advice.why), *(one.why for one in advice.avoid)):
        if "%" in text or "times one" in text:
            assert "claimed" in text


@given(traits_strategy())
def test_the_questions_that_are_not_asked_change_nothing(truth: Traits) -> None:
    known, answered = Traits(), list[str]()
    while (question := next_question(known, answered)) is not None:
        known = known.model_copy(update={question.trait: getattr(truth, question.trait)})
        answered.append(question.trait)
    assert advice_for(known).pattern is advice_for(truth).pattern


def test_who_needs_one_agent_is_asked_seven_questions_and_no_more() -> None:
    answered = list[str]()
    while (question := next_question(Traits(), answered)) is not None:
        answered.append(question.trait)
    assert answered == [question.trait for question in QUESTIONS[:7]]


def test_every_trait_has_its_question() -> None:
    assert {question.trait for question in QUESTIONS} == set(Traits.model_fields)


@pytest.mark.parametrize(
    "given",
    [
        {"tools": -1},
        {"agents": 0},
        {"skills": 0},
        {"latency_s": 0},
        {"latency_s": float("nan")},
        {"mood": "good"},
    ],
)
def test_traits_that_cannot_be_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Traits(**given)
