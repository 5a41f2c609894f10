"""What the end of a server means."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence

from shoal.models.local.errors import (
    EngineMissing,
    LocalModelError,
    NotEnoughMemory,
    NotGguf,
    PortInUse,
    ServerFailed,
)

_MEMORY = re.compile(
    r"failed to allocate|unable to allocate|bad_alloc|out of memory|cannot allocate", re.IGNORECASE
)
_PORT = re.compile(r"couldn't bind|address already in use", re.IGNORECASE)
_FILE = re.compile(r"error loading model|failed to load model|invalid magic", re.IGNORECASE)
_SHOWN = 3


def failure_of(name: str, kind: str, text: str, status: int | None, log: Sequence[str]) -> LocalModelError:
    """The error for a server that ended.

    ``kind`` and ``text`` are its own report, empty when it made none; ``status`` is that of its process, negative for a
    signal; ``log`` the last lines of what it said.
    """
    said = "\n".join(log)
    details = {"log": said, "status": status}
    if kind == "engine":
        return EngineMissing(
            f"the engine of local models cannot be loaded ({text}): {_remedy(text)}",
            **details,
        )
    if kind == "port" or _PORT.search(said):
        why = text if kind == "port" else "the port is in use"
        return PortInUse(
            f"{name} cannot be served: {why}. Choose another port, or 0 for any that is free",
            **details,
        )
    if _MEMORY.search(said) or status == -signal.SIGKILL:
        how = (
            "was killed, as the kernel does when memory runs out"
            if status == -signal.SIGKILL
            else "got no memory"
        )
        return NotEnoughMemory(
            f"the server of {name} {how}: give it fewer slots or a shorter context, or take a smaller model",
            **details,
        )
    if status == -signal.SIGILL:
        return EngineMissing(
            f"the engine of local models uses instructions that this processor does not have: build xllamacpp here, or "
            f"serve {name} on another machine",
            **details,
        )
    if kind == "load" and _FILE.search(said):
        return NotGguf(f"the engine cannot load the file of {name}: {_reason(log)}", **details)
    how = text or (
        f"ended by signal {-status}" if status is not None and status < 0 else f"ended with status {status}"
    )
    shown = " | ".join(line.strip() for line in log[-_SHOWN:])
    return ServerFailed(f"the server of {name} {how}{f': {shown}' if shown else ''}", **details)


def _remedy(text: str) -> str:
    if "libgomp" in text:
        return "install the system's OpenMP library (on Debian: libgomp1)"
    return "install it again with `pip install --force-reinstall 'shoal[local-llm]'`"


def _reason(log: Sequence[str]) -> str:
    """The most telling line: the first one about the file says what is wrong with it, the others that it failed."""
    for line in log:
        if _FILE.search(line):
            return re.sub(r"^[\d.]+ \w ", "", line).strip()
    return "it does not say why"
