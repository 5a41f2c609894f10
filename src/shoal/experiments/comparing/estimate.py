"""A team's mean score, and its difference to the baseline's, each with how sure it is. Pure.

The unit is the case. Repeats of one case are averaged before anything is counted: they share the case's difficulty, so
that ten repeats of four cases say much about those four and little about the next one. Counted as forty they would make
every interval too narrow and every p value too small.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from shoal.experiments.comparing.bootstrap import mean_interval
from shoal.experiments.comparing.cases_needed import cases_needed
from shoal.experiments.comparing.interval import Interval
from shoal.experiments.comparing.proportion import all_binary, mcnemar, paired_shares, wilson
from shoal.experiments.comparing.sign_flip import sign_flip


class Estimate(BaseModel):
    """A mean over cases."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float
    low: float | None = None
    """Lower end of the 95 % interval; ``None``: the cases are too few, or too much alike, to give one."""
    high: float | None = None
    method: str = ""
    """How the interval was made."""
    cases: int


class Difference(Estimate):
    """A mean difference to the baseline on the same cases, and whether chance would make it."""

    p: float
    """Two-sided, of this difference alone."""
    p_corrected: float
    """Corrected for the number of teams that are compared (Holm)."""
    test: str
    gained: int
    """Cases on which it scores higher than the baseline."""
    lost: int
    """Cases on which it scores lower."""
    cases_needed: int | None = None
    """Cases that would tell a difference of this size in 80 of 100 experiments; ``None``: there is none to tell."""


def mean_score(scores: Sequence[float]) -> Estimate:
    """The mean of these scores, one a case and at least one, with its 95 % interval."""
    value = math.fsum(scores) / len(scores)
    if all_binary(scores):
        interval: Interval | None = wilson(round(sum(scores)), len(scores))
    else:
        interval = mean_interval(scores, within=(0.0, 1.0) if _are_shares(scores) else _ANY)
    low, high, method = interval or _NO_INTERVAL
    return Estimate(value=value, low=low, high=high, method=method, cases=len(scores))


def difference(scores: Sequence[float], baseline: Sequence[float]) -> Difference:
    """The mean difference between two teams' scores on the same cases, in the same order, at least one.

    ``p_corrected`` is ``p``: who compares several teams corrects them together. Raises ValueError for other lengths.
    """
    differences = [mine - other for mine, other in zip(scores, baseline, strict=True)]
    cases = len(differences)
    gained, lost = sum(each > _SAME for each in differences), sum(each < -_SAME for each in differences)
    interval: Interval | None
    if all_binary(scores) and all_binary(baseline):
        interval = paired_shares(gained, lost, cases)
        p, test = mcnemar(gained, lost), "McNemar, exact"
    else:
        shares = _are_shares(scores) and _are_shares(baseline)
        interval = mean_interval(differences, within=(-1.0, 1.0) if shares else _ANY)
        p, test = sign_flip(differences)
    low, high, method = interval or _NO_INTERVAL
    return Difference(
        low=low,
        high=high,
        method=method,
        value=math.fsum(differences) / cases,
        cases=cases,
        p=p,
        p_corrected=p,
        test=test,
        gained=gained,
        lost=lost,
        cases_needed=cases_needed(differences),
    )


def _are_shares(scores: Sequence[float]) -> bool:
    """Whether they are as most scorers give them; a function of the user's may go beyond."""
    return all(0.0 <= score <= 1.0 for score in scores)


_SAME = 1e-12
_ANY = (-math.inf, math.inf)

_NO_INTERVAL = (None, None, "")
