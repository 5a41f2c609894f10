"""Whether a model fits into memory. Better said before than by the kernel, which kills what is largest."""

from __future__ import annotations

from pathlib import Path

import psutil

from shoal.models.local.errors import NotEnoughMemory
from shoal.models.local.gguf import GgufHead

_CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
_ENGINE_BYTES = 100 * 2**20
"""The engine itself and its buffers. SmolLM2-135M with 4 × 2,048 tokens takes 366 MiB in all, of which file and context
make 274."""
_MIB = 2**20


def needed_bytes(head: GgufHead, tokens: int) -> int:
    """What a model takes at least with so many tokens of context in all its slots together."""
    return head.size_bytes + tokens * head.kv_bytes_per_token + _ENGINE_BYTES


def available_bytes() -> int:
    """What can be had: what is free on the machine, or the limit of the container where that is less."""
    free: int = psutil.virtual_memory().available
    return min([free, *_limits()])


def _limits() -> list[int]:
    found = []
    for path in _CGROUP_LIMITS:
        try:
            text = path.read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            found.append(int(text))
    return found


def check_memory(name: str, head: GgufHead, tokens: int, available: int) -> None:
    """Raise :class:`NotEnoughMemory` when the model cannot fit into so many bytes."""
    needed = needed_bytes(head, tokens)
    if needed > available:
        raise NotEnoughMemory(
            f"{name} needs {needed // _MIB:,} MiB with {tokens:,} tokens of context, and {available // _MIB:,} MiB are "
            "free: give it fewer slots or a shorter context, take a smaller model, or free memory",
            needed_bytes=needed,
            available_bytes=available,
        )
