"""What can be said of a graph before it runs: unknown names, dead ends, cycles without a bound. Pure.

What a join waits for is found here, too: the places *before* it, from which a branch can still come to it in this
round. A branch that would first have to begin a loop anew in which the join lies is of the next round, and nobody waits
for it.
Loops are the natural ones: an edge back to a place through which every way to its sender leads, with all that lies
between (Aho, Sethi and Ullman, *Compilers*, 1986, section 10.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from shoal.runtime.errors import ConfigError
from shoal.topologies.drawn.plan import Plan, Sort, Way

Next = Mapping[str, tuple[str, ...]]
Edge = tuple[str, str]


def check_shape(plan: Plan) -> None:
    """Raise :class:`ConfigError` for a graph that cannot work, naming the place."""
    _check_names(plan)
    for place in places_of(plan):
        _check_ways(plan, place)
    _check_reached(plan)
    cycle = unbounded_cycle(plan)
    if cycle:
        raise ConfigError(
            f"graph: {' -> '.join(cycle)} is a cycle, and none of its nodes says how often: give one of them `most=`"
        )
    for ways in plan.ways.values():
        for way in ways:
            _check_fork(plan, way)


def places_of(plan: Plan) -> tuple[str, ...]:
    """Nodes, then joins."""
    return (*plan.nodes, *plan.joins)


def befores(plan: Plan) -> dict[str, frozenset[str]]:
    """For each join the places from which a branch may still come to it, see the module."""
    following = {place: plan.next_of(place) for place in places_of(plan)}
    loops = _loops(following, plan.first)
    return {
        join: _before(join, following, {edge for edge, inside in loops.items() if join in inside})
        for join in plan.joins
    }


def unbounded_cycle(plan: Plan) -> list[str]:
    """A cycle without a bounded node, its first place again at the end; empty when there is none."""
    free = {
        place: plan.next_of(place)
        for place in places_of(plan)
        if place not in plan.nodes or plan.nodes[place].most is None
    }
    for place in free:
        for sender, receiver in _closing(free, place):
            return [*_path(free, receiver, sender), receiver]
    return []


def reachable(following: Next, starts: Iterable[str], avoid: str = "") -> set[str]:
    """Everything that can be come to without passing ``avoid``, the starts included."""
    found = {start for start in starts if start != avoid}
    queue = list(found)
    while queue:
        for one in following.get(queue.pop(), ()):
            if one not in found and one != avoid:
                found.add(one)
                queue.append(one)
    return found


# -- checks ------------------------------------------------------------------------------------------------


def _check_names(plan: Plan) -> None:
    known = places_of(plan)
    for what, name in _named(plan):
        if name not in known:
            raise ConfigError(f"graph: {what} names {name!r}, which is no node; nodes are {', '.join(known)}")
    for name, join in plan.joins.items():
        for way in (way for ways in plan.ways.values() for way in ways):
            if name in way.receivers and way.sender not in join.of:
                raise ConfigError(
                    f"graph: the edge {way.sender!r} -> {name!r} leads into a join that does not name it: add "
                    f"{way.sender!r} to its of="
                )


def _named(plan: Plan) -> Iterator[tuple[str, str]]:
    yield "begin", plan.first
    yield from (("end", name) for name in sorted(plan.ends))
    for name, join in plan.joins.items():
        yield from ((f"the join {name!r}", one) for one in join.of)
    for name, node in plan.nodes.items():
        if node.then is not None:
            yield f"`then` of {name!r}", node.then
            if node.then in plan.joins:
                raise ConfigError(f"graph: `then` of {name!r} names the join {node.then!r}; name a node")
    for ways in plan.ways.values():
        for way in ways:
            what = f"the edge {way.sender!r} -> {', '.join(map(repr, way.receivers))}"
            yield from ((what, one) for one in (way.sender, *way.receivers))


def _check_ways(plan: Plan, place: str) -> None:
    ways = plan.ways.get(place, ())
    node = plan.nodes.get(place)
    one_only = node is None or node.take == "first"
    rest = [way for way in ways if way.sort is Sort.ELSE]
    if len(rest) > 1 or (rest and rest[0] is not ways[-1]):
        late = rest[1] if len(rest) > 1 else ways[ways.index(rest[0]) + 1]
        raise ConfigError(
            f"graph: the edge {place!r} -> {late.receivers[0]!r} is never taken: the one to {rest[0].receivers[0]!r} "
            "has no condition. For branches side by side name both in one edge, or give the node take='all'"
        )
    always = [way for way in ways if way.sort is Sort.ALWAYS]
    if place in plan.ends and (always or rest):
        sure = (always or rest)[0].receivers[0]
        raise ConfigError(f"graph: {place!r} never ends: its edge to {sure!r} has no condition")
    assert not (one_only and always), "where one is taken, no condition means: what is left"


def _check_reached(plan: Plan) -> None:
    following = {place: plan.next_of(place) for place in places_of(plan)}
    if not plan.ends:
        raise ConfigError("graph has no end: say by end(...) whose answers are the result")
    met = reachable(following, [plan.first])
    for place in following:
        if place not in met:
            raise ConfigError(f"graph: no way leads from {plan.first!r}, where it begins, to {place!r}")
    back = _turned(following)
    ending = reachable(back, plan.ends)
    for place in following:
        if place not in ending:
            raise ConfigError(
                f"graph: no way leads from {place!r} to an end: give it an edge, or end({place!r})"
            )


def _check_fork(plan: Plan, way: Way) -> None:
    following = {place: plan.next_of(place) for place in places_of(plan)}
    for one, other in combinations(way.receivers, 2):
        common = reachable(following, [one]) & reachable(following, [other])
        if not common & set(plan.joins):
            raise ConfigError(
                f"graph: {way.sender!r} goes to {one!r} and {other!r} at once, and no join brings them together"
            )


# -- walks -------------------------------------------------------------------------------------------------


def _closing(following: Next, first: str) -> set[Edge]:
    """The edges that close a loop, in a walk from ``first``."""
    found: set[tuple[str, str]] = set()
    above: dict[str, None] = {first: None}
    met = {first}
    stack = [(first, iter(following.get(first, ())))]
    while stack:
        place, rest = stack[-1]
        one = next(rest, None)
        if one is None:
            stack.pop()
            del above[place]
        elif one in above:
            found.add((place, one))
        elif one not in met and one in following:
            met.add(one)
            above[one] = None
            stack.append((one, iter(following[one])))
    return found


def _loops(following: Next, first: str) -> dict[Edge, set[str]]:
    """The edges that lead back, each with the places of its loop."""
    back = _turned(following)
    found: dict[Edge, set[str]] = {}
    for head in following:
        senders = back.get(head, ())
        others = reachable(following, [first], avoid=head) if senders else set()
        for sender in senders:
            if sender not in others:
                found[sender, head] = {head} | reachable(back, [sender], avoid=head)
    return found


def _before(join: str, following: Next, closed: set[Edge]) -> frozenset[str]:
    open_ways = {
        sender: tuple(one for one in receivers if (sender, one) not in closed)
        for sender, receivers in following.items()
    }
    return frozenset(reachable(_turned(open_ways), [join]) - {join})


def _turned(following: Next) -> dict[str, tuple[str, ...]]:
    """All edges the other way round."""
    back: dict[str, tuple[str, ...]] = {}
    for sender, receivers in following.items():
        for receiver in receivers:
            back[receiver] = (*back.get(receiver, ()), sender)
    return back


def _path(following: Next, start: str, goal: str) -> list[str]:
    came: dict[str, str] = {start: ""}
    queue = [start]
    for place in queue:
        for one in following.get(place, ()):
            if one not in came:
                came[one] = place
                queue.append(one)
    path = [goal]
    while came[path[-1]]:
        path.append(came[path[-1]])
    return path[::-1]
