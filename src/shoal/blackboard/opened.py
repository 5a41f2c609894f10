"""The regions that one system has opened, and how its boards are made and found."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any
from weakref import WeakKeyDictionary

from shoal.blackboard.board import Board
from shoal.blackboard.board_actor import BoardActor
from shoal.blackboard.opening import RegionOpening
from shoal.blackboard.spec import MAIN, RegionSpec, address_of, make_spec
from shoal.runtime.context import Context
from shoal.runtime.errors import ConfigError, NameTaken
from shoal.runtime.restart_policy import RestartPolicy
from shoal.runtime.system import System

_INTENSITY = 1000
"""Restarts a minute before a board is given up: each is one of somebody who kills it, its errors are answers."""


class _Opened:
    """The regions of one system."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._session = secrets.token_hex(8)
        self._specs: dict[str, RegionSpec] = {}
        self._opening: dict[str, asyncio.Task[None]] = {}

    def board(self, region: str, settings: dict[str, Any]) -> Board:
        """A client that opens the region at its first use."""
        spec = self._specs.get(region)
        if spec is None:
            spec = self._specs[region] = make_spec(region, settings)
        elif settings and make_spec(region, settings) != spec:
            raise ConfigError(
                f"region {region!r} is open with other settings: give them where it is opened first"
            )
        return Board(self._system.as_sender, region, lambda: self._open(spec))

    async def _open(self, spec: RegionSpec) -> None:
        """Start the board unless that was done."""
        opening = self._opening.get(spec.region)
        if opening is None:
            opening = self._opening[spec.region] = asyncio.ensure_future(self._start(spec))
        elif opening.done() and not opening.cancelled() and opening.exception() is None:
            return
        try:
            await asyncio.shield(opening)
        except BaseException:
            if opening.done() and self._opening.get(spec.region) is opening:
                del self._opening[spec.region]  # the next one tries again
            raise

    async def _start(self, spec: RegionSpec) -> None:
        opening = RegionOpening(spec, self._session, self._system.run_id)
        # Files are on the client's node; what is in a database, or nowhere, can be anywhere.
        with_client = spec.durable and not self._system.config.state_store
        policy = RestartPolicy("permanent", _INTENSITY, 60.0, with_client=with_client)
        try:
            await self._system.keep(BoardActor(opening), address_of(spec.region), policy)
        except NameTaken:
            return  # the same program opened it through another system object
        self._system.before_shutdown(Board(self._system.as_sender, spec.region).let_go)


class Boards:
    """What the runtime asks for boards; see :mod:`shoal.runtime.boards`."""

    def __init__(self) -> None:
        self._opened: WeakKeyDictionary[System, _Opened] = WeakKeyDictionary()

    def of_context(self, ctx: Context) -> Board:
        """The main region, asked by the handling of a message."""
        return Board(ctx, MAIN)

    def of_system(self, system: System, region: str, settings: dict[str, Any]) -> Board:
        """A region, opened at first use."""
        opened = self._opened.get(system)
        if opened is None:
            opened = self._opened[system] = _Opened(system)
        return opened.board(region, settings)
