"""The sessions of this process: one for each server, shared by all agents that reach it in the same way."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from shoal.actors.tools.mcp.server import Reached
from shoal.actors.tools.mcp.session import Session

# Of the process, for agents know nothing of one another; by loop, for a session lives and dies with one.
_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Reached, Session]] = WeakKeyDictionary()


def session_for(server: Reached, holder: str) -> Session:
    """The session with a server, held for an agent until :func:`let_go`."""
    session = _here().setdefault(server, Session(server))
    session.holders.add(holder)
    return session


async def let_go(server: Reached, holder: str) -> None:
    """The agent uses the server no more; the last one to say so closes the session."""
    session = _here().get(server)
    if session is None or holder not in session.holders:
        return
    session.holders.discard(holder)
    if not session.holders:
        del _here()[server]
        await session.close()


def open_sessions() -> int:
    """How many this process's running loop has."""
    return len(_here())


def _here() -> dict[Reached, Session]:
    return _sessions.setdefault(asyncio.get_running_loop(), {})
