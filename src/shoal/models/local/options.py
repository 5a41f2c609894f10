"""What is served, and how."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from shoal.models.local.catalogue import PACKAGED

CONTEXT_TOKENS = 2048


class ServeOptions(BaseModel):
    """A model to serve on this machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gguf: str = Field(default="smollm2", min_length=1)
    """The name of a packaged model, or the path of a GGUF file."""
    alias: str = ""
    """What the endpoint calls the model; empty: the packaged name, or the file's name without its ending."""
    port: int = Field(default=0, ge=0, le=65535)
    """0: any that is free."""
    slots: int = Field(default=4, ge=1, le=256)
    """Requests that are answered at once; more wait in the server."""
    context_tokens: int = Field(default=CONTEXT_TOKENS, ge=64)
    """Tokens of one request, input and output; each slot has memory for so many."""
    threads: int | None = Field(default=None, ge=1, le=1024)
    """``None``: as many as this process may use cores."""
    chat_template: str = ""
    """The path of a Jinja file to use in place of the template in the model's file."""
    ready_s: float = Field(default=180.0, gt=0)
    """How long the server may take to load the model. SmolLM2 takes less than a second."""

    @property
    def name(self) -> str:
        """What the endpoint calls the model."""
        return self.alias or (self.gguf if self.gguf in PACKAGED else Path(self.gguf).stem)

    @property
    def cores(self) -> int:
        """Threads that compute."""
        if self.threads is not None:
            return self.threads
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1
