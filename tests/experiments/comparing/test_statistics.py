"""The statistics agree with scipy, with published figures, and with what must hold for any scores."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from statistics import fmean

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from shoal.experiments.comparing.bootstrap import mean_interval
from shoal.experiments.comparing.cases_needed import cases_needed
from shoal.experiments.comparing.estimate import difference, mean_score
from shoal.experiments.comparing.holm import holm
from shoal.experiments.comparing.proportion import mcnemar, paired_shares, wilson
from shoal.experiments.comparing.quantile import quantile
from shoal.experiments.comparing.sign_flip import sign_flip

SCORE = st.floats(0, 1, allow_nan=False)
BINARY = st.sampled_from([0.0, 1.0])


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_is_scipys(counts: tuple[int, int]) -> None:
    right, cases = counts
    ours = wilson(right, cases)
    theirs = stats.binomtest(right, cases).proportion_ci(method="wilson")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert 0 <= ours.low <= right / cases <= ours.high <= 1


@given(st.integers(0, 2500), st.integers(0, 2500))
def test_mcnemars_test_is_scipys_binomial_test(gained: int, lost: int) -> None:
    p = mcnemar(gained, lost)
    assert 0 <= p <= 1
    assert p == mcnemar(lost, gained)
    if gained + lost:
        expected = stats.binomtest(gained, gained + lost).pvalue
        assert p == pytest.approx(expected, rel=1e-6, abs=1e-290)  # scipy is 0 there


def test_mcnemars_test_and_the_paired_interval_are_those_of_a_published_table() -> None:
    # Airway responsiveness before and after a transplantation, 21 children, 1 against 7 (Fagerland et al. 2014).
    assert mcnemar(1, 7) == pytest.approx(0.0703, abs=1e-4)
    interval = paired_shares(1, 7, 21)
    assert (interval.low, interval.high) == pytest.approx((-0.508, -0.013), abs=1e-3)


@given(st.tuples(st.integers(0, 200), st.integers(0, 200), st.integers(0, 200)).filter(any))
def test_the_paired_interval_holds_the_difference_and_turns_round_with_the_teams(
    counts: tuple[int, int, int],
) -> None:
    gained, lost, same = counts
    cases = gained + lost + same
    interval, turned = paired_shares(gained, lost, cases), paired_shares(lost, gained, cases)
    assert -1 <= interval.low <= (gained - lost) / cases <= interval.high <= 1
    assert (turned.low, turned.high) == pytest.approx((-interval.high, -interval.low))


@pytest.mark.parametrize(("share", "differing"), [(0.5, 0.2), (0.1, 0.4), (0.9, 0.1)])
def test_the_paired_interval_holds_the_truth_about_as_often_as_it_says(
    share: float, differing: float
) -> None:
    """All splits of 40 cases, each with its probability under the truth: no drawing."""
    cases, gains = 40, differing * share
    losses = differing - gains
    held = 0.0
    for gained in range(cases + 1):
        for lost in range(cases + 1 - gained):
            interval = paired_shares(gained, lost, cases)
            if interval.low <= gains - losses <= interval.high:
                split = [gained, lost, cases - gained - lost]
                held += stats.multinomial.pmf(split, cases, [gains, losses, 1 - differing])
    assert 0.93 < held < 0.99


@pytest.mark.parametrize(("seed", "count"), [(1, 12), (2, 40), (3, 300)])
def test_the_bootstrap_interval_is_scipys(seed: int, count: int) -> None:
    rng = random.Random(seed)
    values = [rng.betavariate(5, 1.2) for _ in range(count)]
    ours = mean_interval(values)
    theirs = stats.bootstrap((values,), fmean, vectorized=False, method="BCa", n_resamples=4000, rng=seed)
    assert ours is not None
    width = ours.high - ours.low
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.06 * width)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.06 * width)


@settings(max_examples=30, deadline=None)
@example([0.0] * 4 + [8.9e-119])
@given(st.lists(SCORE, min_size=5, max_size=60))
def test_a_mean_interval_lies_among_the_values_and_is_the_same_each_time(values: list[float]) -> None:
    interval = mean_interval(values)
    if interval is None:
        assert min(values) == max(values)
    else:
        assert min(values) - 1e-9 <= interval.low <= interval.high <= max(values) + 1e-9
        assert interval == mean_interval(values)


def test_few_values_or_values_that_are_all_the_same_give_no_interval() -> None:
    assert mean_interval([0.5, 0.7, 0.1, 0.2]) is None
    assert mean_interval([0.5] * 30) is None


def test_many_values_get_the_normal_interval() -> None:
    rng = random.Random(4)
    values = [rng.random() for _ in range(10_000)]
    interval = mean_interval(values)
    expected = stats.norm.interval(0.95, fmean(values), stats.sem(values))
    assert interval is not None
    assert interval.method == "normal"
    assert (interval.low, interval.high) == pytest.approx(expected)


def test_an_interval_of_scores_from_0_to_1_goes_no_further_and_of_others_it_does() -> None:
    least, most = mean_score([0.0] * 1999 + [0.5]), mean_score([1.0] * 1999 + [0.5])
    assert (least.low, most.high) == (0.0, 1.0)
    gain = difference([1.0] * 1999 + [0.5], [0.0] * 2000)
    assert gain.high == 1.0
    hardly = difference([0.0] * 1999 + [0.5], [0.0] * 2000)
    assert hardly.low is not None
    assert hardly.low < 0.0  # nothing keeps a team from being worse
    points = mean_score([1.0] * 1999 + [5.0])
    assert points.low is not None
    assert points.low < 1.0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1, 1, allow_nan=False).map(lambda value: round(value, 3)), min_size=1, max_size=11)
)
def test_the_sign_flip_test_goes_through_all_patterns_of_few_cases(differences: list[float]) -> None:
    found = abs(math.fsum(differences))
    patterns = 2 ** len(differences)
    extreme = sum(
        abs(math.fsum(d if bits >> k & 1 else -d for k, d in enumerate(differences))) >= found - 1e-9
        for bits in range(patterns)
    )
    tested = sign_flip(differences)
    assert tested.method == "sign-flip, exact"
    assert tested.p == pytest.approx(extreme / patterns)


def share_as_far(sizes: list[int]) -> float:
    """Of all sign patterns, those whose sum is as far from 0 as that of these numbers, or farther: no rounding."""
    sums = [0]
    for size in sizes:
        sums = [*(total + size for total in sums), *(total - size for total in sums)]
    return sum(abs(total) >= abs(sum(sizes)) for total in sums) / len(sums)


@settings(max_examples=150)
@example(([2, -1, 2, -3, 4, 2, 5, 6, 5], 70))
@example(([1, 3, 1, -3, -2, 5, 4, 6, 6, 6, -1], 90))
@example(([1, 2, -3, 4], 99_991))
@given(st.tuples(st.lists(st.integers(-6, 6), min_size=1, max_size=8), st.integers(1, 300_000)))
def test_ties_of_the_sign_flip_test_are_ties_whatever_the_scores_are_parts_of(
    made: tuple[list[int], int],
) -> None:
    numbers, parts = made
    tested = sign_flip([number / parts for number in numbers])
    assert tested.method == "sign-flip, exact"
    assert tested.p == share_as_far(numbers)


SHARE = st.integers(1, 40).flatmap(lambda of: st.builds(Fraction, st.integers(0, of), st.just(of)))


@settings(max_examples=100)
@given(st.lists(st.tuples(SHARE, SHARE), min_size=1, max_size=7))
def test_the_sign_flip_test_is_exact_where_each_case_has_parts_of_its_own(
    pairs: list[tuple[Fraction, Fraction]],
) -> None:
    """As F1 has: of one case sevenths, of another ninths."""
    differences = [float(mine) - float(other) for mine, other in pairs]
    unit = math.lcm(*range(1, 41))
    assert sign_flip(differences).p == share_as_far([int((mine - other) * unit) for mine, other in pairs])


@pytest.mark.parametrize("parts", [70, 90, 99_991, 1_000_003])
def test_random_patterns_count_ties_whatever_the_scores_are_parts_of(parts: int) -> None:
    numbers = [size for size in (1, 2, 3) for _ in range(500)] + [
        -size for size in (1, 2, 3) for _ in range(460)
    ]
    tested = sign_flip([number / parts for number in numbers])
    assert "random patterns" in tested.method
    assert tested == sign_flip([float(number) for number in numbers])


@given(st.lists(st.tuples(BINARY, BINARY), min_size=1, max_size=80))
def test_of_scores_of_0_and_1_the_sign_flip_test_is_mcnemars(pairs: list[tuple[float, float]]) -> None:
    differences = [mine - other for mine, other in pairs]
    assert sign_flip(differences).p == pytest.approx(mcnemar(differences.count(1), differences.count(-1)))


def test_the_sign_flip_test_agrees_with_scipys_permutation_test() -> None:
    rng = random.Random(5)
    differences = [round(rng.gauss(0.1, 0.3), 2) for _ in range(12)]
    theirs = stats.permutation_test((differences,), sum, permutation_type="samples", n_resamples=math.inf)
    assert sign_flip(differences).p == pytest.approx(theirs.pvalue)


@pytest.mark.parametrize("count", [150, 1000])
def test_random_patterns_and_the_normal_limit_come_near_the_t_test(count: int) -> None:
    rng = random.Random(6)
    differences = [rng.gauss(0.0, 0.3) + 0.3 * 1.8 / math.sqrt(count) for _ in range(count)]
    tested = sign_flip(differences)
    assert "exact" not in tested.method
    assert tested.p == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, abs=0.01)
    assert tested == sign_flip(differences)


@given(st.lists(st.floats(0, 1, allow_nan=False), min_size=1, max_size=20))
def test_holms_correction_keeps_the_order_and_never_makes_a_p_value_smaller(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(p <= after <= 1 for p, after in zip(p_values, corrected, strict=True))
    ordered = [corrected[index] for index in sorted(range(len(p_values)), key=p_values.__getitem__)]
    assert ordered == sorted(ordered)
    assert min(corrected) == pytest.approx(min(1, min(p_values) * len(p_values)))


def test_holms_correction_of_a_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0, 1))
def test_a_quantile_is_numpys(values: list[float], share: float) -> None:
    numpy = pytest.importorskip("numpy")
    assert quantile(values, share) == pytest.approx(float(numpy.quantile(values, share)), abs=1e-6)


def test_no_values_have_no_quantile() -> None:
    assert quantile([], 0.5) is None


def test_as_many_cases_as_are_said_to_be_needed_tell_the_difference_in_four_of_five_experiments() -> None:
    rng = random.Random(7)
    differences = [1.0] * 20 + [-1.0] * 10 + [0.0] * 70
    needed = cases_needed(differences)
    assert needed == 234
    told = sum(
        mcnemar(drawn.count(1.0), drawn.count(-1.0)) < 0.05
        for drawn in (rng.choices(differences, k=needed) for _ in range(1500))
    )
    assert 0.72 < told / 1500 < 0.86


def test_the_cases_needed_for_graded_scores_are_those_of_the_t_tests_power() -> None:
    rng = random.Random(8)
    differences = [rng.gauss(0.05, 0.2) for _ in range(60)]
    needed = cases_needed(differences)
    assert needed is not None
    effect = fmean(differences) / stats.tstd(differences) * math.sqrt(needed)
    power = 1 - stats.nct.cdf(stats.t.ppf(0.975, needed - 1), needed - 1, effect)
    assert power == pytest.approx(0.8, abs=0.03)  # they take the normal distribution for t


def test_no_difference_needs_no_number_of_cases() -> None:
    assert cases_needed([0.0] * 10) is None
    assert cases_needed([0.5, -0.5]) is None
    assert cases_needed([0.3]) is None


def test_a_score_of_a_single_case_is_given_with_what_can_be_said_of_it() -> None:
    right, graded = mean_score([1.0]), mean_score([0.4])
    assert right.low is not None
    assert right.low < 0.3
    assert (graded.low, graded.high, graded.cases) == (None, None, 1)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(SCORE | BINARY, SCORE | BINARY), min_size=1, max_size=40))
def test_a_difference_turns_round_with_the_teams(pairs: list[tuple[float, float]]) -> None:
    mine, other = [a for a, _ in pairs], [b for _, b in pairs]
    one, turned = difference(mine, other), difference(other, mine)
    assert one.value == pytest.approx(-turned.value)
    assert one.p == pytest.approx(turned.p)
    assert (one.gained, one.lost) == (turned.lost, turned.gained)
    assert 0 < one.p <= 1


@pytest.mark.parametrize("kind", ["binary", "thirds", "graded"])
def test_ten_thousand_pairs_are_compared(kind: str) -> None:
    rng = random.Random(9)
    draw = {
        "binary": lambda: float(rng.random() < 0.7),
        "thirds": lambda: rng.randint(0, 3) / 3,
        "graded": rng.random,
    }
    mine, other = ([draw[kind]() for _ in range(10_000)] for _ in range(2))
    assert difference(mine, other).p > 0.001
    assert mean_score(mine).low is not None
