"""The seam to the blackboard, which is a floor above: it says here how its clients are made.

``ctx.board`` and ``system.board()`` ask here, so that the runtime imports nothing from above.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from shoal.runtime.above import BOARDS, made

if TYPE_CHECKING:
    from shoal.blackboard.board import Board
    from shoal.runtime.context import Context
    from shoal.runtime.system import System


class BoardMaker(Protocol):
    """What makes clients of boards."""

    def of_context(self, ctx: Context) -> Board:
        """The main region, asked by the handling of a message."""

    def of_system(self, system: System, region: str, settings: dict[str, Any]) -> Board:
        """A region, opened at first use. Raises ``ConfigError`` for settings that cannot be."""


def maker() -> BoardMaker:
    """The blackboard's, which is loaded when the first board is asked for."""
    boards: BoardMaker = made(BOARDS)
    return boards
