"""Hierarchy: a tree of supervisors and workers. Each branch is a team, so branches nest as teams do.

Failure modes and what is done about them: a branch that fails → a labelled gap in the summaries above it, and an error
when fewer than ``need`` answered; one that is late → cut off before the time of those above is over; lossy summaries →
each level has a model that what goes up must be, checked before anything starts and again with each answer; branches
that contradict each other → found where they meet, reported, asked to look again or refused; everybody sees
everything → a member sees its part only; latency with each level → a warning past three.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from shoal.runtime.errors import ConfigError
from shoal.topologies.tree.branches import Branch, Hierarchy
from shoal.topologies.tree.contradictions import Contradiction
from shoal.topologies.tree.manager import OnContradiction
from shoal.topologies.wiring.topology import MOST_DEPTH

MOST_WORKERS = 10_000
"""Of a tree that is made by depth and width."""
Find = Callable[[Mapping[str, Any]], Sequence[Contradiction]]
Members = Mapping[str, Any] | Iterable[Any]
_BY_LEVEL = ("manager", "divide", "summarize", "summary")


def branch(
    name: str,
    members: Members,
    *,
    manager: Any = None,
    divide: Any = None,
    summarize: Any = None,
    summary: type[BaseModel] | None = None,
    agree_on: Sequence[str] = (),
    contradictions: Find | None = None,
    on_contradiction: OnContradiction = "report",
    need: int | None = None,
    cut: float | None = 0.8,
    parallel: int = 64,
    accepts: type | None = None,
) -> Branch:
    """A branch of a hierarchy: a supervisor over ``members``, which are agents, branches or other topologies, by name
    or as a list (branches have their names, others are called ``1``, ``2``, ...).

    ``divide``: what makes the parts of a task: a plain function of it, or an agent. It answers a list, dealt to the
    members in turn, or a dict by member; an agent of a model may answer a model whose one field is that. A member sees
    its part only. Without it, every member gets the task.

    ``summarize``: what makes the branch's answer: a plain function of :class:`~.summaries.BranchReports` or a subclass,
    or an agent that takes that (or text). ``summary``: the model that it has to be. A subclass of
    :class:`~.summaries.BranchSummary` is labelled with gaps and contradictions. Without ``summarize`` the answer is a
    :class:`~.summaries.HierarchyResult`.

    ``manager``: one agent for both, as far as it takes tasks and ``BranchReports``.

    ``need``: how many parts must be done; those that fail are gaps (default: one; all, where the summary cannot be
    labelled). Fewer: ``QuorumMissed``. ``cut``: the share of the time left that the lowest members have; levels above
    have more. ``None``: all are waited for.

    ``agree_on``: fields that answers must agree in; ``contradictions``: a plain function of the answers by member, for
    other ones. ``on_contradiction``: ``"report"`` them in the summary, ``"ask_again"`` those who contradict each other,
    once (they take :class:`~.contradictions.Reconsider`), and report what is left, or ``"fail"`` with ``Undecided``.

    ``parallel``: parts at once. ``accepts``: what it takes, where ``divide`` does not say.
    """
    return Branch(name, _named(members), _options(locals()))


def hierarchy(
    members: Any,
    *,
    depth: int | None = None,
    width: int | Sequence[int] | None = None,
    manager: Any = None,
    divide: Any = None,
    summarize: Any = None,
    summary: Any = None,
    agree_on: Sequence[str] = (),
    contradictions: Find | None = None,
    on_contradiction: OnContradiction = "report",
    need: int | None = None,
    cut: float | None = 0.8,
    parallel: int = 64,
    accepts: type | None = None,
) -> Branch:
    """A tree of supervisors and workers, given as members and branches, as in :func:`branch`; or grown from one agent.

    With ``depth`` and ``width``, ``members`` is what works at the bottom: an agent, a class, an async function or a
    topology. ``depth`` is levels of supervisors, ``width`` how many are under each: a number, or one for each level
    from the top. ``manager``, ``divide``, ``summarize`` and ``summary`` may then be lists, one for each level from the
    top. All other options are those of :func:`branch`, for every level of a tree that is grown.

    More than three levels, or more than eight members of one branch, give a warning (logger ``shoal.topologies``).
    """
    options = _options(locals())
    if depth is None and width is None:
        return Hierarchy("top", _named(members), options)
    if depth is None or width is None:
        raise ConfigError("hierarchy: depth and width belong together: give both, or branches as members")
    return _grown(members, _widths(depth, width), options)


def _options(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in given.items() if name not in ("name", "members", "depth", "width")}


def _named(members: Members) -> dict[str, Any]:
    if isinstance(members, Mapping):
        return dict(members)
    if isinstance(members, str) or not isinstance(members, Iterable):
        raise ConfigError(
            f"hierarchy: members are {members!r}; give a list or a dict of them, or depth and width for one agent"
        )
    named: dict[str, Any] = {}
    for number, member in enumerate(members, 1):
        name = member.name if isinstance(member, Branch) else str(number)
        if name in named:
            raise ConfigError(f"hierarchy: two members are called {name!r}")
        named[name] = member
    return named


def _widths(depth: Any, width: Any) -> list[int]:
    if type(depth) is not int or not 1 <= depth <= MOST_DEPTH:
        raise ConfigError(f"hierarchy: depth is {depth!r}; give levels of supervisors, 1 to {MOST_DEPTH}")
    widths = [width] * depth if type(width) is int else list(width)
    if len(widths) != depth or not all(type(one) is int and one >= 1 for one in widths):
        raise ConfigError(
            f"hierarchy: width is {width!r}; give a number from 1, or {depth} of them, from the top"
        )
    if math.prod(widths) > MOST_WORKERS:
        raise ConfigError(
            f"hierarchy: depth {depth} and width {width!r} make {math.prod(widths):,} workers; at most {MOST_WORKERS:,}"
        )
    return widths


def _grown(
    worker: Any, widths: Sequence[int], options: Mapping[str, Any], above: Sequence[str] = ("top",)
) -> Branch:
    """The branch at the end of a path, with all below it."""
    level = len(above) - 1
    own = {what: _at_level(what, given, level, len(widths)) for what, given in options.items()}
    members = {}
    for number in map(str, range(1, widths[level] + 1)):
        lowest = level == len(widths) - 1
        members[number] = worker if lowest else _grown(worker, widths, options, (*above, number))
    kind = Hierarchy if level == 0 else Branch
    return kind("/".join(above), members, own)


def _at_level(what: str, given: Any, level: int, levels: int) -> Any:
    if what not in _BY_LEVEL or not isinstance(given, list | tuple):
        return given
    if len(given) != levels:
        raise ConfigError(
            f"hierarchy: {what} is given for {len(given)} levels of {levels}: give one for each, from the top, or one "
            "for all"
        )
    return given[level]
