"""Several teams held against the single agent: what is paired, what the figures are, what is said of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.experiments.comparing.comparison import Comparison, CostUnit, Kind
from shoal.experiments.comparing.holding import compare_runs
from shoal.experiments.comparing.verdict import least_cases
from shoal.experiments.errors import NothingToCompare
from shoal.experiments.result import State
from tests.experiments.comparing.runs import made, right, single


def test_a_team_that_cannot_be_told_from_the_single_agent_is_called_that_with_what_it_costs() -> None:
    vote = [0.0, *[1.0] * 30, 1.0, 1.0, *[0.0] * 7]
    found = compare_runs([made("vote", vote, tokens=300), single(right(31, 40))])
    assert found.baseline == "single"
    assert [team.team for team in found.teams] == ["single", "vote"]
    team = found.teams[1]
    assert team.verdict.kind is Kind.AS_GOOD
    assert (team.cost_multiplier, team.cost_unit) == (3.0, CostUnit.TOKENS)
    assert team.verdict.text.startswith(
        "vote: 2.5 points better than the single agent (95 %: -8 to +13; p = 1.00): not distinguishable on 40 cases. "
        "It takes 3.0 times the tokens. The single agent is as good, as far as these cases tell; a difference of this "
    )
    assert found.verdict == (
        "No team is better than the single agent on 40 cases. The single agent is as good: use it. "
        "More cases may show otherwise: for all these tell, vote is up to 13 points better."
    )


def test_a_better_team_is_called_better_and_its_price_is_named() -> None:
    found = compare_runs(
        [
            single(right(100, 200), usd=0.001, priced=True),
            made("debate", right(130, 200), usd=0.004, priced=True),
        ]
    )
    team = found.teams[1]
    assert team.verdict.kind is Kind.BETTER
    assert team.verdict.text == (
        "debate: 15 points better than the single agent (95 %: +10 to +20; p < 0.001), on 200 cases. "
        "It costs 4.0 times as much."
    )
    assert found.verdict == "debate is better than the single agent by 15 points. It costs 4.0 times as much."


def test_a_worse_team_is_called_worse_also_where_it_is_cheaper() -> None:
    found = compare_runs([single(right(60, 80)), made("rules", right(20, 80), tokens=0)])
    assert found.teams[1].verdict.kind is Kind.WORSE
    assert found.teams[1].verdict.text.endswith(
        "It asks no model, which the single agent does. The single agent is better, and dearer."
    )
    assert (
        found.verdict
        == "No team is better than the single agent on 80 cases. The single agent is better: use it."
    )


def test_a_single_agent_that_some_teams_are_worse_than_is_called_as_good_or_better() -> None:
    base = right(60, 80)
    found = compare_runs([single(base), made("rules", right(20, 80)), made("vote", base, tokens=300)])
    assert [team.verdict.kind for team in found.teams[1:]] == [Kind.WORSE, Kind.AS_GOOD]
    assert "The single agent is as good or better: use it." in found.verdict


def test_a_team_whose_model_is_free_costs_nothing_and_is_not_said_to_ask_none() -> None:
    paid: dict[str, Any]
    free: dict[str, Any]
    paid, free = {"usd": 0.01, "priced": True}, {"usd": 0.0, "priced": True}
    found = compare_runs([single(right(30, 40), **paid), made("local", right(30, 40), tokens=500, **free)])
    assert (found.teams[1].calls, found.teams[1].cost_multiplier) == (40, 0.0)
    assert " It costs nothing. " in found.teams[1].verdict.text
    turned = compare_runs([single(right(30, 40), **free), made("vote", right(30, 40), **paid)])
    assert " It costs money, and the single agent costs none. " in turned.teams[1].verdict.text
    none = compare_runs([single(right(30, 40), **paid), made("rules", right(30, 40), tokens=0, **free)])
    assert " It asks no model, which the single agent does. " in none.teams[1].verdict.text
    no_tokens = made("broken", right(30, 40), tokens=0)
    asked = tuple(result.model_copy(update={"calls": 1}) for result in no_tokens.results)
    failing = compare_runs([single(right(30, 40)), no_tokens._replace(results=asked)])
    assert " It takes no tokens. " in failing.teams[1].verdict.text


def test_a_team_that_is_as_good_and_cheaper_is_called_that() -> None:
    found = compare_runs([single(right(60, 80)), made("small", right(60, 80), tokens=40)])
    assert found.teams[1].verdict.kind is Kind.AS_GOOD_AND_CHEAPER
    assert found.teams[1].verdict.text == (
        "small: the same score as the single agent (95 %: -3 to +3; p = 1.00): not distinguishable on 80 cases. "
        "It takes 60 % fewer tokens. As good and cheaper, as far as these cases tell."
    )
    assert "As good and cheaper: small." in found.verdict


def test_a_cheaper_team_that_may_well_be_worse_is_not_called_as_good() -> None:
    found = compare_runs([single(right(24, 30)), made("small", right(21, 30), tokens=40)])
    verdict = found.teams[1].verdict
    assert verdict.kind is Kind.CHEAPER
    assert "Cheaper, and for all these cases tell up to" in verdict.text
    assert "as good" not in f"{verdict.text} {found.verdict}".lower()


def test_a_cheaper_team_is_not_called_as_good_where_no_interval_rules_out_a_loss() -> None:
    same = [1.0, 1.0, 0.0, 0.5, 1.0, 0.0]
    found = compare_runs([single(same), made("small", same, tokens=40)])
    team = found.teams[1]
    assert team.difference is not None
    assert (team.difference.value, team.difference.low, team.verdict.kind) == (0.0, None, Kind.CHEAPER)
    assert team.verdict.text.endswith("Cheaper; how much worse it may be, these cases do not tell.")
    assert found.verdict.endswith("Cheaper, but perhaps worse: small.")
    assert "as good" not in f"{team.verdict.text} {found.verdict}".lower()


@pytest.mark.parametrize(("teams", "least"), [(1, 6), (2, 7), (3, 7), (4, 8)])
def test_so_few_cases_that_nothing_could_be_told_are_called_too_few(teams: int, least: int) -> None:
    assert least_cases(teams) == least
    for cases, kind in ((least - 1, Kind.TOO_FEW), (least, Kind.BETTER)):
        others = [made(f"team{n}", right(cases, cases)) for n in range(teams)]
        found = compare_runs([single(right(0, cases)), *others])
        assert {team.verdict.kind for team in found.teams[1:]} == {kind}
    few = compare_runs([single(right(0, 2)), made("team", right(2, 2))])
    assert few.verdict == "2 cases are too few to tell any team from the single agent: at least 6 are needed."


def test_repeats_of_one_case_are_averaged_and_make_no_more_cases_of_it() -> None:
    """Ten repeats of four cases: counted one by one, the difference would be far beyond chance."""
    repeated = [1.0] * 20 + [0.0] * 20, [1.0] * 10 + [0.0] * 30
    found = compare_runs([single(repeated[1], repeats=10), made("vote", repeated[0], repeats=10)])
    assert (found.cases, found.tasks) == (4, 40)
    assert found.teams[1].verdict.kind is Kind.TOO_FEW
    assert found.teams[1].difference is not None
    assert found.teams[1].difference.cases == 4
    assert any("repeats are averaged" in note for note in found.notes)


def test_several_teams_are_corrected_for_together() -> None:
    base, better = right(20, 40), right(26, 40)
    alone = compare_runs([single(base), made("one", better)])
    among = compare_runs([single(base), made("one", better), made("two", base), made("three", base)])
    assert alone.teams[1].difference is not None
    assert among.teams[1].difference is not None
    assert alone.teams[1].difference.p == among.teams[1].difference.p == pytest.approx(0.03125)
    assert alone.teams[1].verdict.kind is Kind.BETTER
    assert among.teams[1].difference.p_corrected == pytest.approx(0.09375)
    assert among.teams[1].verdict.kind is Kind.AS_GOOD
    assert "corrected for 3 teams" in among.teams[1].verdict.text


def test_tasks_that_only_some_have_or_came_to_are_left_out_and_counted() -> None:
    short = made("short", right(30, 38))
    stopped = single(right(30, 40))
    results = list(stopped.results)
    results[0] = results[0].model_copy(
        update={"state": State.NOT_STARTED, "score": None, "ended_at": None, "took_s": None}
    )
    found = compare_runs([stopped._replace(results=tuple(results)), short])
    assert (found.tasks, found.only_some, found.not_ended) == (37, 2, 1)
    assert found.teams[0].states[State.NOT_STARTED] == 1
    assert found.notes[:2] == (
        "Left out: 2 tasks that only some runs have (case-38, case-39).",
        "Left out: 1 task that not every run came to the end of (case-0).",
    )


def test_a_task_that_the_budget_of_the_run_cut_is_left_out_and_is_no_wrong_answer() -> None:
    """It failed for now: it has a cost and no end, and a run that is resumed goes on with it."""
    cut = {"state": State.FAILED, "score": 0.0, "ended_at": None, "took_s": None, "output": None}
    whole, short = single(right(20, 20)), made("vote", right(20, 20))
    results = [one.model_copy(update=cut) if n < 8 else one for n, one in enumerate(short.results)]
    found = compare_runs([whole, short._replace(results=tuple(results))])
    assert (found.tasks, found.not_ended) == (12, 8)
    team = found.teams[1]
    assert team.score is not None
    assert (team.score.value, team.failures, team.states[State.FAILED]) == (1.0, 0, 8)
    assert team.verdict.kind is Kind.AS_GOOD
    assert any("8 tasks that not every run came to the end of" in note for note in found.notes)


def test_runs_that_were_judged_in_different_ways_are_not_compared() -> None:
    one, other = single(right(5, 10), scale="exact"), made("vote", right(5, 10), scale="contains")
    with pytest.raises(
        NothingToCompare,
        match=r"'triage-single' is judged by exact and run 'triage-vote' by contains.*`score`",
    ):
        compare_runs([one, other])
    assert compare_runs([one, other._replace(scale="exact")]).scored == 10
    assert (
        compare_runs([one, other._replace(scale=None)]).scored == 10
    )  # not known, as of runs that were made up


def test_runs_of_other_inputs_seeds_or_tasks_are_not_compared() -> None:
    one, other = single(right(5, 10)), made("vote", right(5, 10))
    tasks = list(other.tasks)
    tasks[3] = tasks[3].model_copy(update={"input": {"n": 99}})
    with pytest.raises(NothingToCompare, match=r"task 'case-3' the input is \{'n': 3\} and \{'n': 99\}"):
        compare_runs([one, other._replace(tasks=tuple(tasks))])
    with pytest.raises(NothingToCompare, match="with seed 1 and run 'triage-vote' with seed 2"):
        compare_runs([one._replace(seed=1), other._replace(seed=2)])
    renamed = tuple(task.model_copy(update={"task": f"x{task.task}"}) for task in other.tasks)
    with pytest.raises(NothingToCompare, match="have no task in common"):
        compare_runs([one, other._replace(tasks=renamed)])


def test_one_run_or_the_same_run_twice_or_one_that_did_nothing_is_not_compared() -> None:
    one = single(right(5, 10))
    with pytest.raises(NothingToCompare, match="one run alone"):
        compare_runs([one])
    with pytest.raises(NothingToCompare, match="given twice"):
        compare_runs([one, one])
    idle = [
        result.model_copy(update={"state": State.NOT_STARTED, "ended_at": None})
        for result in made("vote", right(5, 10)).results
    ]
    with pytest.raises(
        NothingToCompare, match=r"run 'triage-vote' ended 0 of its 10: `shoal resume triage-vote`"
    ):
        compare_runs([one, made("vote", right(5, 10))._replace(results=tuple(idle))])


def test_without_a_single_agent_a_baseline_must_be_named_or_waived() -> None:
    one, two = made("vote", right(5, 10), tokens=300), made("debate", right(5, 10))
    with pytest.raises(NothingToCompare, match=r"no single agent among the teams \(vote, debate\)"):
        compare_runs([one, two])
    named = compare_runs([one, two], baseline="debate")
    assert (named.baseline, named.teams[1].cost_multiplier) == ("debate", 3.0)
    assert "than debate" not in named.verdict or "No team is better than debate" in named.verdict
    with pytest.raises(NothingToCompare, match="no team is called 'x': there are vote, debate"):
        compare_runs([one, two], baseline="x")
    without = compare_runs([one, two], baseline_required=False)
    assert without.baseline is None
    assert {team.verdict.kind for team in without.teams} == {Kind.NO_BASELINE}
    assert all(team.difference is None and team.cost_multiplier is None for team in without.teams)
    assert without.verdict.startswith("There is no baseline")


def test_teams_of_one_name_are_told_apart_by_their_runs() -> None:
    found = compare_runs([single(right(5, 10)), single(right(6, 10))._replace(run="later")])
    assert [team.team for team in found.teams] == ["triage-single", "later"]


def test_without_scores_cost_and_time_are_compared_all_the_same() -> None:
    found = compare_runs([single([None] * 10, took_s=1.0), made("vote", [None] * 10, tokens=200, took_s=3.0)])
    assert found.scored == 0
    assert found.teams[1].cost_multiplier == 2.0
    assert (found.teams[1].latency_p50_s, found.teams[1].score) == (3.0, None)
    assert found.teams[1].verdict.kind is Kind.NO_SCORE
    assert found.verdict.startswith("Nothing was judged")


def test_a_case_that_one_team_has_no_score_of_counts_for_none() -> None:
    found = compare_runs([single([None, *right(5, 19)]), made("vote", right(5, 20))])
    assert (found.cases, found.scored) == (20, 19)
    assert {team.score.cases for team in found.teams if team.score} == {19}
    assert "1 case without a score for every team: not in the scores." in found.notes


def test_dollars_are_compared_only_where_all_prices_are_known() -> None:
    known = compare_runs(
        [single(right(5, 10), usd=0.1, priced=True), made("vote", right(5, 10), usd=0.3, priced=True)]
    )
    assert known.teams[1].cost_multiplier == pytest.approx(3.0)
    assert known.teams[1].cost_unit is CostUnit.USD
    partly = compare_runs([single(right(5, 10), usd=0.1, priced=True), made("vote", right(5, 10), usd=0.3)])
    assert (partly.teams[1].cost_multiplier, partly.teams[1].cost_unit) == (1.0, CostUnit.TOKENS)
    nothing = compare_runs([single(right(5, 10), tokens=0), made("vote", right(5, 10), tokens=0)])
    assert (nothing.teams[1].cost_multiplier, nothing.teams[1].cost_unit) == (None, None)


def test_failed_tasks_are_counted_and_have_no_latency() -> None:
    run = made("vote", right(5, 10))
    failed = run.results[0].model_copy(update={"state": State.FAILED, "score": 0.0, "took_s": 99.0})
    found = compare_runs([single(right(5, 10)), run._replace(results=(failed, *run.results[1:]), restarts=2)])
    assert (found.teams[1].failures, found.teams[1].latency_p95_s, found.teams[1].restarts) == (1, 0.5, 2)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(*[st.none() | st.sampled_from([0.0, 0.5, 1.0])] * 3), min_size=1, max_size=30))
def test_any_scores_give_a_comparison_that_survives_json(scores: list[tuple[float | None, ...]]) -> None:
    first, second, third = ([one[index] for one in scores] for index in range(3))
    found = compare_runs([single(first), made("vote", second, tokens=150), made("debate", third, tokens=0)])
    assert Comparison.model_validate_json(found.model_dump_json()) == found
    assert all(team.verdict.text for team in found.teams)
    assert found.verdict


def test_ten_thousand_tasks_of_three_teams_are_compared() -> None:
    runs = [
        single(right(7000, 10_000)),
        made("vote", right(7100, 10_000)),
        made("debate", right(6950, 10_000)),
    ]
    assert [team.verdict.kind for team in compare_runs(runs).teams] == [
        Kind.BASELINE,
        Kind.BETTER,
        Kind.WORSE,
    ]
