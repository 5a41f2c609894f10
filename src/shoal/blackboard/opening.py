"""How a board comes to its region: where the region's log is, and who the board is there."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from shoal.blackboard.memory_log import MemoryLog
from shoal.blackboard.persistence.opening import open_region_log
from shoal.blackboard.persistence.region_log import Owner, RegionLog
from shoal.blackboard.region import Region
from shoal.blackboard.spec import RegionSpec
from shoal.runtime.context import Context


class RegionOpening(NamedTuple):
    """What a board is started with. It travels as code does, once a board."""

    spec: RegionSpec
    session: str
    """Of one started system: another one is another owner."""
    run: str
    """The run, for people; empty: there is none."""

    def region(self, ctx: Context) -> Region:
        """The region, not loaded yet."""
        name = self.run or Path(ctx.config.run_dir).name or self.session
        owner = Owner(self.session, name, ctx.restarts + 1, sole=bool(self.run))  # it has the run's lock
        spec, config, directory = self.spec, ctx.config, ctx.directory

        def open_log() -> RegionLog:
            if not spec.durable:
                return MemoryLog()
            return open_region_log(config, directory(), spec.region, power=spec.sync == "power")

        return Region(spec, owner, open_log)
