"""Who may speak to whom: the channels of a mesh. Pure.

The small world is that of Watts and Strogatz, "Collective dynamics of 'small-world' networks", Nature 393 (1998): a
ring in which each is connected to its ``near`` nearest, and each connection is turned to somebody else, chosen at
random, with probability ``astray``. The seed makes it the same each time. One that falls apart is drawn again with the
next seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Literal

from shoal.runtime.errors import ConfigError

Pairs = frozenset[tuple[str, str]]
"""From, to."""
Channels = Literal["full", "ring", "small_world"] | Iterable[tuple[str, str]]
_DRAWS = 100


def channels_of(
    channels: Channels, names: Sequence[str], *, near: int = 4, astray: float = 0.1, seed: int = 0
) -> Pairs:
    """The pairs of a named shape, both ways, or those that are given. Raises :class:`ConfigError`."""
    if isinstance(channels, str):
        if channels == "full":
            return frozenset((one, other) for one in names for other in names if one != other)
        if channels == "ring":
            return _both_ways(_ring(names, 2))
        if channels == "small_world":
            return _both_ways(small_world(names, near, astray, seed))
        raise ConfigError(
            f"mesh: channels is {channels!r}; give 'full', 'ring', 'small_world', or pairs of names (from, to)"
        )
    return _given(channels, names)


def small_world(names: Sequence[str], near: int, astray: float, seed: int) -> set[frozenset[str]]:
    """Connections, each between two. Raises :class:`ConfigError`."""
    if type(near) is not int or near < 2 or near % 2 or near >= len(names):
        raise ConfigError(
            f"mesh: near is {near!r}; each of {len(names)} peers has an even number of nearest ones, from 2 and below "
            "that of the peers"
        )
    if type(astray) not in (int, float) or not 0 <= astray <= 1:
        raise ConfigError(f"mesh: astray is {astray!r}; it is a probability, from 0 to 1")
    for draw in range(_DRAWS):
        found = _rewired(names, near, astray, Random(seed + draw))
        if len(reached(_both_ways(found), names[:1])) == len(names):
            return found
    raise ConfigError(
        f"mesh: no small world with near={near} and astray={astray} holds together in {_DRAWS} draws: raise near"
    )


def reached(pairs: Iterable[tuple[str, str]], starts: Iterable[str]) -> set[str]:
    """Everybody to whom something said at one of ``starts`` can be passed on, those included."""
    following: dict[str, list[str]] = {}
    for one, other in pairs:
        following.setdefault(one, []).append(other)
    found = set(starts)
    queue = list(found)
    while queue:
        for other in following.get(queue.pop(), ()):
            if other not in found:
                found.add(other)
                queue.append(other)
    return found


def neighbours(pairs: Pairs, names: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """To whom each may speak, in the order of ``names``."""
    ordered = list(names)
    return {one: tuple(other for other in ordered if (one, other) in pairs) for one in ordered}


def _ring(names: Sequence[str], near: int) -> list[frozenset[str]]:
    count = len(names)
    found = [
        frozenset((names[place], names[(place + step) % count]))
        for step in range(1, near // 2 + 1)
        for place in range(count)
    ]
    return [pair for pair in dict.fromkeys(found) if len(pair) == 2]


def _rewired(names: Sequence[str], near: int, astray: float, random: Random) -> set[frozenset[str]]:
    count = len(names)
    found = set(_ring(names, near))
    for step in range(1, near // 2 + 1):
        for place, one in enumerate(names):
            if random.random() >= astray:
                continue
            others = [other for other in names if other != one and frozenset((one, other)) not in found]
            if others:
                found.discard(frozenset((one, names[(place + step) % count])))
                found.add(frozenset((one, random.choice(others))))
    return found


def _both_ways(connections: Iterable[frozenset[str]]) -> Pairs:
    pairs = [tuple(sorted(pair)) for pair in connections]
    return frozenset([(one, other) for one, other in pairs] + [(other, one) for one, other in pairs])


def _given(channels: Iterable[tuple[str, str]], names: Sequence[str]) -> Pairs:
    found: set[tuple[str, str]] = set()
    if not isinstance(channels, Iterable):
        raise ConfigError(
            f"mesh: channels is {channels!r}; give the name of a shape or pairs of names (from, to)"
        )
    for pair in channels:
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise ConfigError(f"mesh: the channel {pair!r} is no pair of names (from, to)")
        one, other = pair
        for name in pair:
            if name not in names:
                raise ConfigError(f"mesh: the channel {pair!r} names {name!r}; peers are {', '.join(names)}")
        if one == other:
            raise ConfigError(f"mesh: the channel {pair!r} leads from {one!r} to itself")
        if (one, other) in found:
            raise ConfigError(f"mesh: the channel {pair!r} is given twice")
        found.add((one, other))
    return frozenset(found)
