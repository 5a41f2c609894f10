"""What is on a region, in numbers."""

from __future__ import annotations

from typing import NamedTuple

from shoal.blackboard.store.draft import Region


class Summary(NamedTuple):
    """A region at its newest revision. The states of items add up to all items."""

    revision: int
    oldest: int
    """The oldest revision that can be read."""
    keys: int
    """Entries, work items too."""
    open: int
    claimed: int
    done: int
    dead: int
    claimable: int
    """Open items that could be claimed at the last time the store was told."""
    leases: int
    """Granted ones, and those of keys with a time to live."""


def summarize(region: Region) -> Summary:
    """Count; costs nothing, for all is counted as it goes."""
    versions, work, leases = region.versions, region.work, region.leases
    states = work.states
    return Summary(
        revision=versions.revision,
        oldest=versions.oldest,
        keys=len(versions.live) - len(leases),
        open=states["open"],
        claimed=states["claimed"],
        done=states["done"],
        dead=states["dead"],
        claimable=len(work.ready),
        leases=len(leases),
    )
