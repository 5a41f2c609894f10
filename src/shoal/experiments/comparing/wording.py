"""Figures of a comparison as people read them. Pure."""

from __future__ import annotations

from shoal.experiments.comparing.comparison import CostUnit, TeamFigures
from shoal.experiments.comparing.estimate import Difference
from shoal.experiments.comparing.team_run import SINGLE

_SAME_COST = 0.05
"""A multiplier so near to 1 is the same cost."""


def points(value: float) -> str:
    """A score, or a difference of scores, from 0 to 1 in points of a hundred: ``3``, ``-2.5``, ``81``."""
    text = f"{100 * value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def point_words(value: float) -> str:
    """The same with its unit, without a sign: ``1 point``, ``2.5 points``."""
    size = points(abs(value))
    return f"{size} {'point' if size == '1' else 'points'}"


def signed_points(value: float) -> str:
    """A difference with its sign: ``+3``, ``-2.5``, ``0``."""
    text = points(value)
    return text if text == "0" or text.startswith("-") else f"+{text}"


def whole(value: float) -> float:
    """An end of an interval, in whole points: it is not sure to more."""
    return round(100 * value) / 100


def times(multiplier: float) -> str:
    """``3.10 ×``, ``23.1 ×``, ``1,310 ×``."""
    return f"{multiplier:,.{2 if multiplier < 10 else 1 if multiplier < 100 else 0}f} ×"


def p_value(p: float) -> str:
    """``p = 0.31``, ``p = 0.004``, ``p < 0.001``."""
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def counted(number: int, noun: str) -> str:
    """``1 case``, ``40 cases``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def baseline_words(baseline: TeamFigures) -> str:
    """``the single agent``, or the baseline by its name."""
    return "the single agent" if baseline.pattern == SINGLE else baseline.team


def difference_words(found: Difference, baseline: str, compared: int) -> str:
    """``3 points better than the single agent (95 %: -2 to +8; p = 0.31)``; ``compared`` teams were held against it."""
    size = points(abs(found.value))
    if size == "0":
        lead = f"the same score as {baseline}"
    else:
        lead = f"{point_words(found.value)} {'better' if found.value > 0 else 'worse'} than {baseline}"
    sure = [] if found.low is None or found.high is None else [
        f"95 %: {signed_points(whole(found.low))} to {signed_points(whole(found.high))}"
    ]  # fmt: skip
    sure.append(p_value(found.p_corrected) + (f" corrected for {compared} teams" if compared > 1 else ""))
    return f"{lead} ({'; '.join(sure)})"


def is_cheaper(team: TeamFigures) -> bool:
    """Whether it costs less than the baseline, by more than nothing to speak of."""
    return team.cost_multiplier is not None and team.cost_multiplier < 1 - _SAME_COST


def _cost_over_nothing(team: TeamFigures, baseline: TeamFigures, who: str) -> str:
    if not team.calls:
        return ""
    if not baseline.calls:
        return f"It asks models, which {who} does not."
    return f"It costs money, and {who} costs none." if team.usd else ""


def cost_words(team: TeamFigures, baseline: TeamFigures) -> str:
    """A sentence: ``It costs 3.0 times as much.``; empty where no model was asked."""
    factor = team.cost_multiplier
    who = baseline_words(baseline)
    dollars = team.cost_unit is CostUnit.USD
    if factor is None:
        return _cost_over_nothing(team, baseline, who)
    if factor == 0:
        if not team.calls:
            return f"It asks no model, which {who} does."
        return "It costs nothing." if dollars else "It takes no tokens."
    if abs(factor - 1) <= _SAME_COST:
        return "It costs the same." if dollars else "It takes as many tokens."
    if factor > 1:
        return (
            f"It costs {factor:.1f} times as much." if dollars else f"It takes {factor:.1f} times the tokens."
        )
    less = f"{100 * (1 - factor):.0f} %"
    return f"It costs {less} less." if dollars else f"It takes {less} fewer tokens."
