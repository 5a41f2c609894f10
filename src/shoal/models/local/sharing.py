"""One server of a model on a node, shared by all agents there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from hashlib import blake2b

from shoal.models.local.errors import ServedElsewhere, ServerFailed
from shoal.models.local.options import ServeOptions
from shoal.models.local.preparing import Launch, prepare
from shoal.models.local.server_agent import ModelServer, ServedAt, WhereIs, place
from shoal.models.local.serving import model_at
from shoal.models.spec import Model
from shoal.runtime.context import Context
from shoal.runtime.errors import AgentNotFound, ConfigError, HandlerError, NameTaken
from shoal.runtime.ref import Ref
from shoal.runtime.restart_policy import RestartPolicy
from shoal.runtime.system import System

_FETCH_S = 3600.0
"""The first answer may have to wait for a download."""
_LOOK_S = 0.1
_POLICY = RestartPolicy("permanent", with_client=True)


async def local_model(
    at: System | Context,
    options: ServeOptions | str = "smollm2",
    *,
    launcher: Callable[[ServeOptions], Launch] = prepare,
) -> Model:
    """The model as it is served on this node, by the agent ``model/<alias>``; started when it is not there.

    Asked with the ``System``, the server is started on the client's node, and there until the system is shut down;
    asked with a ``Context``, it is a child of the agent that asked first, on its node. Whoever asks later shares it.
    Each further node of a cluster has a server of its own, ``model/<alias>/<node>``.

    Raises ``LocalModelError`` when it cannot be served, and ``ConfigError`` when the name serves another model.
    """
    options = ServeOptions(gguf=options) if isinstance(options, str) else options
    server = ModelServer(options, launcher=launcher)
    served = await _found_or_started(at, server_name(options), server)
    if served.place != place():  # its loopback address is another one than ours
        served = await _found_or_started(at, server_name(options, place()), server)
    if served.options.gguf != options.gguf:
        raise ConfigError(
            f"{options.name} is served from {served.options.gguf}, not {options.gguf}: give one of them another alias"
        )
    if served.place != place():
        raise ServedElsewhere(
            f"the server of {options.name} for this node was started on another one, at its loopback address. Ask for "
            "it from an agent on this node, or start `shoal model serve` here and give its address as base_url",
            base_url=served.base_url,
        )
    return model_at(served.base_url, served.options.name, served.options.slots, served.options.context_tokens)


def server_name(options: ServeOptions, where: str = "") -> str:
    """The name of the agent that serves a model: the first one's, or of the node ``where``."""
    name = f"model/{re.sub(r'[^A-Za-z0-9_.:-]', '-', options.name)}"[:110]
    return f"{name}/{blake2b(where.encode(), digest_size=4).hexdigest()}" if where else name


async def _found_or_started(at: System | Context, name: str, server: ModelServer) -> ServedAt:
    while True:
        try:
            return await _ask(at, name)
        except AgentNotFound:
            pass
        try:
            return await _ask(at, await _start(at, name, server))
        except NameTaken:  # somebody was quicker, and it is not there before its model is loaded
            await asyncio.sleep(_LOOK_S)


async def _start(at: System | Context, name: str, server: ModelServer) -> str:
    if isinstance(at, System):
        return (await at.keep(server, name, _POLICY)).address
    return (await at.spawn(server, name=name)).address


async def _ask(at: System | Context, address: str) -> ServedAt:
    try:
        if isinstance(at, System):
            answer = await at.ref(address).ask(WhereIs(), timeout_s=_FETCH_S)
        else:
            answer = await at.ask(Ref(address), WhereIs(), timeout_s=_FETCH_S)
    except HandlerError as error:  # its server died too often
        raise ServerFailed(error.text) from error
    if not isinstance(answer, ServedAt):
        raise ConfigError(f"{address} is no model server: it answers {type(answer).__name__}")
    return answer
