"""What is to be made of the figures, in plain words: of each team, and of the whole. Pure.

The test decides, at 5 % after Holm's correction; the interval says how much there may be to it. Where no difference can
be told, the single agent is as good as far as these cases tell, and the text says how many cases would tell more. A
cheaper team is called as good only where its interval rules out a loss that matters (non-inferiority, Blackwelder
1982).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from shoal.experiments.comparing.comparison import Kind, TeamFigures, Verdict
from shoal.experiments.comparing.interval import ALPHA
from shoal.experiments.comparing.wording import (
    baseline_words,
    cost_words,
    counted,
    difference_words,
    is_cheaper,
    point_words,
    whole,
)

_MAY_HIDE = 0.05
"""Where a team may be so much better for all that is known, the verdict says so."""
_MATTERS = 0.05
"""A loss of so much would matter: while a cheaper team may have it, it is not called as good."""
_MANY = 1_000_000

_NOTHING = "Nothing was judged: cost and time are compared, quality is not."
NO_SCORES = (
    f"{_NOTHING} Give the workload's cases an answer to expect, or the experiment a `score` that judges them."
)
SCORER_FAILED = (
    f"{_NOTHING} The scorer failed: mend it, then `shoal resume` each run, which judges what has no score."
)
NO_BASELINE = "There is no baseline: nothing here says whether a single agent would do."


def least_cases(compared: int) -> int:
    """So many cases must be there for any outcome at all to be told from chance, with so many teams compared.

    The smallest p value of an exact paired test of n cases is 2 / 2**n.
    """
    return math.ceil(math.log2(2 * max(1, compared) / ALPHA))


def kind_of(team: TeamFigures, compared: int) -> Kind:
    """What the team is, held against the baseline among so many."""
    found = team.difference
    if found is None:
        return Kind.NO_SCORE
    if found.p_corrected < ALPHA:
        return Kind.BETTER if found.value > 0 else Kind.WORSE
    if found.cases < least_cases(compared):
        return Kind.TOO_FEW
    if not is_cheaper(team):
        return Kind.AS_GOOD
    loss = _loss(team)
    return Kind.AS_GOOD_AND_CHEAPER if loss is not None and loss <= _MATTERS else Kind.CHEAPER


def _loss(team: TeamFigures) -> float | None:
    """By how much it may be worse; ``None``: there is no interval that would say."""
    found = team.difference
    return None if found is None or found.low is None else -found.low


def verdict_of(team: TeamFigures, baseline: TeamFigures | None, compared: int) -> Verdict:
    """The verdict on a team, of so many that are held against the baseline."""
    if baseline is None:
        kind = Kind.NO_SCORE if team.score is None else Kind.NO_BASELINE
        return Verdict(kind=kind, text=f"{team.team}: {_score_alone(team)}.")
    if team.team == baseline.team:
        return Verdict(kind=Kind.BASELINE, text=f"{team.team}: the baseline, {_score_alone(team)}.")
    kind, cost = kind_of(team, compared), cost_words(team, baseline)
    if team.difference is None:
        sentences = [f"{team.team}: no score to hold against {baseline_words(baseline)}'s.", cost]
    else:
        told = difference_words(team.difference, baseline_words(baseline), compared)
        where = f"on {counted(team.difference.cases, 'case')}"
        if kind in (Kind.BETTER, Kind.WORSE):
            sentences = [f"{team.team}: {told}, {where}.", cost]
        else:
            sentences = [f"{team.team}: {told}: not distinguishable {where}.", cost]
        sentences.append(_conclusion(kind, team, baseline, compared))
    return Verdict(kind=kind, text=" ".join(sentence for sentence in sentences if sentence))


def _score_alone(team: TeamFigures) -> str:
    if team.score is None:
        return "no score"
    return f"{point_words(team.score.value)} on {counted(team.score.cases, 'case')}"


def _conclusion(kind: Kind, team: TeamFigures, baseline: TeamFigures, compared: int) -> str:
    one = baseline_words(baseline)
    capital = one[0].upper() + one[1:]
    match kind:
        case Kind.WORSE:
            return f"{capital} is better" + (", and dearer." if is_cheaper(team) else ".")
        case Kind.TOO_FEW:
            return f"Too few cases to tell anything: at least {least_cases(compared)} are needed."
        case Kind.AS_GOOD:
            return f"{capital} is as good, as far as these cases tell{_more_cases(team)}."
        case Kind.CHEAPER:
            loss = _loss(team)
            if loss is None:
                return f"Cheaper; how much worse it may be, these cases do not tell{_more_cases(team)}."
            lost = point_words(whole(loss))
            return f"Cheaper, and for all these cases tell up to {lost} worse{_more_cases(team)}."
        case Kind.AS_GOOD_AND_CHEAPER:
            return f"As good and cheaper, as far as these cases tell{_more_cases(team)}."
        case _:
            return ""


def _more_cases(team: TeamFigures) -> str:
    needed = team.difference.cases_needed if team.difference else None
    if needed is None or (team.difference and needed <= team.difference.cases):
        return ""
    many = "more than a million" if needed > _MANY else f"about {_two_digits(needed):,}"
    return f"; a difference of this size takes {many} cases to tell"


def _two_digits(number: int) -> int:
    """Rounded up to two digits that count: 1,234 is 1,300."""
    unit = int(10.0 ** max(0, len(str(number)) - 2))
    return -(-number // unit) * unit


def overall(
    teams: Sequence[TeamFigures], baseline: TeamFigures | None, *, scorer_failed: bool = False
) -> str:
    """The whole in plain words, from teams that have their verdicts. ``scorer_failed``: on some of their answers."""
    no_scores = SCORER_FAILED if scorer_failed else NO_SCORES
    if baseline is None:
        return NO_BASELINE if any(team.score for team in teams) else f"{NO_BASELINE} {no_scores}"
    others = [team for team in teams if team.team != baseline.team]
    judged = [team for team in others if team.difference is not None]
    if not judged:
        return no_scores
    one, cases = baseline_words(baseline), counted(judged[0].difference.cases, "case")  # type: ignore[union-attr]
    better = [team for team in judged if team.verdict.kind is Kind.BETTER]
    if better:
        return " ".join(_better(team, baseline) for team in sorted(better, key=_gain, reverse=True))
    if all(team.verdict.kind is Kind.TOO_FEW for team in judged):
        least = least_cases(len(others))
        few = f"{cases} {'is' if cases == '1 case' else 'are'} too few"
        return f"{few} to tell any team from {one}: at least {least} are needed."
    said = [f"No team is better than {one} on {cases}."]
    cheaper = [team.team for team in judged if team.verdict.kind is Kind.AS_GOOD_AND_CHEAPER]
    if cheaper:
        said.append(f"As good and cheaper: {', '.join(cheaper)}.")
    elif perhaps := [team.team for team in judged if team.verdict.kind is Kind.CHEAPER]:
        said.append(f"Cheaper, but perhaps worse: {', '.join(perhaps)}.")
    else:
        said.append(f"{one[0].upper()}{one[1:]} is {_standing(judged)}: use it.")
    return " ".join([*said, *_hidden(judged)])


def _standing(judged: Sequence[TeamFigures]) -> str:
    """What the baseline is, held against teams of which none is better."""
    worse = [team.verdict.kind is Kind.WORSE for team in judged]
    if all(worse):
        return "better"
    return "as good or better" if any(worse) else "as good"


def _gain(team: TeamFigures) -> float:
    return team.difference.value if team.difference else 0.0


def _better(team: TeamFigures, baseline: TeamFigures) -> str:
    said = f"{team.team} is better than {baseline_words(baseline)} by {point_words(_gain(team))}."
    return f"{said} {cost_words(team, baseline)}".rstrip()


def _hidden(judged: Sequence[TeamFigures]) -> list[str]:
    """What may be there all the same."""
    open_ends = [
        (team.difference.high, team.team)
        for team in judged
        if team.difference is not None
        and team.difference.high is not None
        and team.verdict.kind is not Kind.WORSE
    ]
    high, name = max(open_ends, default=(0.0, ""))
    if high < _MAY_HIDE:
        return []
    return [
        f"More cases may show otherwise: for all these tell, {name} is up to {point_words(whole(high))} better."
    ]
