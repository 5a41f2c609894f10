"""Which answers say themselves that a part of them is missing. Pure."""

from __future__ import annotations

from typing import Any


def is_partial(output: Any) -> bool:
    """Whether an answer, as JSON, is labelled as partial.

    That is one with a field ``partial`` that is true (:class:`~shoal.topologies.answers.fan_out_result.FanOutResult`,
    :class:`~shoal.topologies.swarming.messages.SwarmResult`) or with gaps
    (:class:`~shoal.topologies.tree.summaries.BranchSummary`: a list ``gaps``, each with its ``branch`` and ``why``).
    A model of the user's that has the field means the same by it.
    """
    if not isinstance(output, dict):
        return False
    return output.get("partial") is True or _has_gaps(output.get("gaps"))


def _has_gaps(gaps: Any) -> bool:
    return isinstance(gaps, list) and any(
        isinstance(gap, dict) and {"branch", "why"} <= gap.keys() for gap in gaps
    )
