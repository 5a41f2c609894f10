"""What a handling has seen once it got a board's answer: the origin of each version in it joins the handling's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from shoal.blackboard.entry import Entry
from shoal.blackboard.results import Claimed, Decided, Differences, Found, Page, Result, Written
from shoal.blackboard.version import Version
from shoal.runtime.context import Context
from shoal.runtime.host import Host
from shoal.runtime.ref import current_sender

Asker = Context | Host
"""Who asks: the handling of a message, or a program's own host."""


def asker_here(asker: Asker) -> Asker:
    """Who asks now: an agent that was handed a program's client of a board asks as itself."""
    if isinstance(asker, Context):
        return asker
    current = current_sender.get(None)
    return current if isinstance(current, Context) and current._home is asker else asker


def see(asker: Asker, region: str, versions: Iterable[Version | Entry[Any]]) -> None:
    """The asker has got these versions."""
    for version in versions:
        if version.origin and isinstance(asker, Context):
            author = f", written by {version.author}" if version.author else ""
            asker.joined(version.origin, f"board key {version.key!r} of region {region!r}{author}")


def versions_in(result: Result) -> Iterator[Version]:
    """Every version that a result holds."""
    match result:
        case Page(_, versions):
            yield from versions
        case Differences(differences):
            for one in differences:
                yield from (version for version in (one.before, one.after) if version is not None)
        case Decided(_, _, results):
            for step in results:
                yield from versions_in(step)
        case Written(_, version) | Found(_, version) | Claimed(_, version):
            if version is not None:
                yield version
