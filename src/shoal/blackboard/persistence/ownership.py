"""Whose a region is. Pure, but for the region's row that is read and written."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from shoal.blackboard.errors import RegionInUse
from shoal.blackboard.persistence.region_log import SILENT_S, Owner
from shoal.blackboard.persistence.region_rows import RegionRows
from shoal.blackboard.persistence.rows import RegionRow, checksum
from shoal.runtime.durable.errors import Fenced, StoreError


class Holding(NamedTuple):
    """What an owner shows at each call."""

    region: str
    """The region's name, for people."""
    owner: Owner
    epoch: int


def read_region(rows: RegionRows) -> RegionRow | None:
    """The region's row, checked; ``None`` when there is no region yet. Raises ``StoreBroken``."""
    columns = rows.region()
    if columns is None:
        if not rows.is_empty():
            raise rows.broken("the row that names its owner and newest revision is gone")
        return None
    fields = columns[:-1]
    if checksum(*fields) != columns[-1]:
        raise rows.broken("the row that names its owner and newest revision is not what was written")
    return RegionRow(*fields)


def write_region(rows: RegionRows, region: RegionRow) -> None:
    """Save the region's row."""
    rows.put_region((*region, checksum(*region)))


def take(region: RegionRow | None, name: str, owner: Owner, now: float) -> RegionRow:
    """The row of a region that this owner has from now on. Raises ``Fenced`` or :class:`RegionInUse`."""
    now = float(now)
    if region is None:
        return RegionRow(secrets.token_hex(8), owner.session, owner.name, owner.generation, 1, now, 0)
    if region.session == owner.session:
        if region.generation > owner.generation:
            raise _fenced(Holding(name, owner, 0), region)
    elif not (owner.sole or region.closed or abs(now - region.beat) >= SILENT_S):
        raise RegionInUse(
            f"region {name!r} is open in run {region.name!r}, which was heard from {abs(now - region.beat):.1f} s ago; "
            f"it is free when that ends, or {SILENT_S:.0f} s after it was last heard from",
            owner=region.name,
        )
    return region._replace(
        session=owner.session,
        name=owner.name,
        generation=owner.generation,
        epoch=region.epoch + 1,
        beat=now,
        closed=0,
    )


def held(rows: RegionRows, holding: Holding | None) -> RegionRow:
    """The region's row, if it is this owner's. Raises ``Fenced``, ``StoreBroken``."""
    if holding is None:
        raise StoreError("this log was not opened: nobody owns the region through it")
    region = read_region(rows)
    if region is None:
        raise rows.broken("all of its rows are gone")
    if region.epoch != holding.epoch or region.session != holding.owner.session:
        raise _fenced(holding, region)
    return region


def _fenced(holding: Holding, region: RegionRow) -> Fenced:
    return Fenced(
        f"region {holding.region!r} was opened by a later board, generation {region.generation} of run "
        f"{region.name!r}; generation {holding.owner.generation} of run {holding.owner.name!r} has to stop",
        region=holding.region,
        generation=holding.owner.generation,
        holder=region.generation,
    )
