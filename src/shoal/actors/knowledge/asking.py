"""Asking a knowledge source to do an activation, so that doing it again is recognised.

The id of the message follows from the activation and the try. A controller that was killed asks again under the same
id: the source joins it to the handling in progress, or answers from memory. What the source writes to boards carries
ids derived from that one, so even a second handling, after the source's own death, writes nothing twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import blake2b

from shoal.actors.knowledge.plan import SourcePlan
from shoal.actors.knowledge.source import Wake
from shoal.blackboard.activation import Activation
from shoal.blackboard.connection import Connection
from shoal.blackboard.operations import History
from shoal.blackboard.results import Page
from shoal.blackboard.version import Version
from shoal.blackboard.version_packing import pack_version
from shoal.runtime.context import Context
from shoal.runtime.envelope import ID_BYTES, LANE_NORMAL, Scope

Ask = Callable[[SourcePlan, str, Version, Activation, str], Awaitable[None]]
"""Asks a source to do an activation by a method, given the change and the team's nonce; returns once it has."""
_RESTARTS_S = 60.0
_UNLIMITED_S = 30 * 24 * 3600.0


def message_id(nonce: str, activation: Activation) -> bytes:
    """The id under which a source is asked to do an activation, this time."""
    text = f"{nonce}\0{activation.id}\0{activation.tries}"
    return blake2b(text.encode(errors="surrogatepass"), digest_size=ID_BYTES).digest()


async def find_change(connection: Connection, activation: Activation) -> Version | None:
    """The change that made it eligible; ``None`` when a later one took its place, or it is forgotten."""
    most = 1 if activation.every else 2
    page: Page = await connection.operate(History(activation.key, activation.revision, most))
    if not page.versions or page.versions[0].mod_revision != activation.revision:
        return None
    return page.versions[0] if activation.every or len(page.versions) == 1 else None


async def ask_source(
    ctx: Context, source: SourcePlan, method: str, version: Version, activation: Activation, nonce: str
) -> None:
    """Ask the source and wait until it has done it. Raises what ``Ref.ask`` raises.

    It waits as long as the source's handler may run, twice, for a source that is started again handles it again.
    """
    limit_s = source.handler_timeout_s or ctx.config.handler_timeout_s
    # On its way it is what the change's author caused: of the same task and origin, one cause further.
    scope = Scope(
        task=version.task,
        cause=version.message_id or None,
        hops=1,
        path=(ctx.address,),
        origin=version.origin,
    )
    wake = Wake(trigger=method, version=pack_version(version))
    cell = ctx._cell
    await cell.host.ask_as(
        ctx.address, message_id(nonce, activation), source.address, wake, scope,
        (f"{ctx.address}*{cell.concurrency}",), None,
        _UNLIMITED_S if limit_s is None else 2 * limit_s + _RESTARTS_S, LANE_NORMAL,
    )  # fmt: skip
