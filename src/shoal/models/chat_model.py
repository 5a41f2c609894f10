"""The model seam: one method.

Implementations are in ``openai/`` (any OpenAI-compatible endpoint), ``scripted/`` (answers by rule, for tests and
simulation) and ``replay.py`` (from a journal).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from shoal.models.chat import ChatChunk, ChatRequest


class ChatModel(Protocol):
    """A model that can be asked."""

    @property
    def name(self) -> str:
        """The model as its endpoint calls it, for accounts and metrics."""

    @property
    def endpoint(self) -> str:
        """Where it is: what a circuit breaker and a rate limit count by. Holds no secret."""

    def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        """Ask, and give the answer piece by piece; closing the generator takes the call back, at the server too.

        Raises :class:`~shoal.models.errors.ModelError` and nothing else. It neither retries nor limits time.
        """

    async def close(self) -> None:
        """Let connections go. Twice is fine."""
