"""How often a message passes each node of a graph: typically, and at most. Pure.

Typically, where one of several ways is taken each is as likely as the others, and a cycle is gone round as often as
that makes it. At most, where nothing leads back, counts the ways that lead to a node side by side; in a graph with a
cycle it is what ``most`` says of the node, else the limit of steps.
"""

from __future__ import annotations

from shoal.topologies.drawn.plan import Plan, Sort

_ROUNDS = 50
"""Steps that are followed: what goes round a cycle halves each time, at least."""
_LITTLE = 1e-3


def visits(plan: Plan) -> dict[str, tuple[float, float]]:
    """By node: typically and at most."""
    typical = _typical(plan)
    cyclic = any(_leads_back(plan, name) for name in plan.nodes)
    ways = {} if cyclic else _most(plan)
    found = {}
    for name, node in plan.nodes.items():
        most = float(node.most or plan.most_steps) if cyclic else ways.get(name, 1.0)
        found[name] = (min(typical.get(name, 0.0), most), most)
    return found


def _typical(plan: Plan) -> dict[str, float]:
    seen: dict[str, float] = {}
    flowing = {plan.first: 1.0}
    for _ in range(_ROUNDS):
        following: dict[str, float] = {}
        for place, amount in flowing.items():
            seen[place] = seen.get(place, 0.0) + amount
            for receiver, share in _shares(plan, place).items():
                following[receiver] = following.get(receiver, 0.0) + amount * share
        # Branches that come together at a join go on as one.
        flowing = {
            place: min(amount, 1.0) if place in plan.joins else amount
            for place, amount in following.items()
            if amount > _LITTLE
        }
        if not flowing:
            break
    return {place: min(amount, 1.0) if place in plan.joins else amount for place, amount in seen.items()}


def _shares(plan: Plan, place: str) -> dict[str, float]:
    """How much of what is at a place goes on to each of the next."""
    ways = plan.ways.get(place, ())
    node = plan.nodes.get(place)
    first = node is None or node.take == "first"
    always = any(way.sort in (Sort.ALWAYS, Sort.ELSE) for way in ways)
    outcomes = len(ways) + (0 if always or place not in plan.ends else 1)
    shares: dict[str, float] = {}
    for way in ways:
        share = 1.0 / outcomes if first else 1.0 if way.sort is Sort.ALWAYS else 0.5
        for receiver in way.receivers:
            shares[receiver] = shares.get(receiver, 0.0) + share
    return shares


def _leads_back(plan: Plan, name: str) -> bool:
    seen: set[str] = set()
    waiting = list(plan.next_of(name))
    while waiting:
        place = waiting.pop()
        if place == name:
            return True
        if place not in seen:
            seen.add(place)
            waiting.extend(plan.next_of(place))
    return False


def _most(plan: Plan) -> dict[str, float]:
    """Without cycles: as if every way were taken that can be taken beside others."""
    order: list[str] = []
    _behind(plan, plan.first, set(), order)
    found = {plan.first: 1.0}
    for place in reversed(order):
        here = 1.0 if place in plan.joins else found.get(place, 0.0)
        node = plan.nodes.get(place)
        for receiver in plan.next_of(place):
            if node is not None and node.take == "all":
                found[receiver] = found.get(receiver, 0.0) + here
            else:
                found[receiver] = max(found.get(receiver, 0.0), here)
    return found


def _behind(plan: Plan, place: str, seen: set[str], order: list[str]) -> None:
    """Places in the order in which nothing is left that follows them."""
    if place in seen:
        return
    seen.add(place)
    for following in plan.next_of(place):
        _behind(plan, following, seen, order)
    order.append(place)
