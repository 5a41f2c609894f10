"""Tasks side by side, of which the first that fails is the failure of all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def side_by_side() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group that raises the first failure as it is, and not in an exception group; the others are cancelled.

    With ``except*`` it cannot be done: what is raised in its block comes out in a group on some Pythons (3.11.2 does
    that, 3.11.7 does not).
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
