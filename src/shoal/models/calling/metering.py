"""Where calls are counted: the host's counters, and who wants the accounts."""

from __future__ import annotations

import logging
from collections.abc import Callable

from shoal.models.calling.account import CallAccount, Outcome
from shoal.models.chat import ChatResponse, Usage
from shoal.runtime.stats import HostStats, ModelStats

_log = logging.getLogger("shoal.models")


class Meter:
    """``stats`` are the host's, read by its metrics; ``on_account`` is given each account."""

    def __init__(self, stats: HostStats, on_account: Callable[[CallAccount], None] | None) -> None:
        self._stats = stats
        self._on_account = on_account

    def ended(self, model: str, outcome: Outcome) -> None:
        """An attempt is over."""
        self._of(model).calls[outcome.value] += 1

    def took(self, model: str, usage: Usage, usd: float) -> None:
        """It was charged that."""
        stats = self._of(model)
        stats.input_tokens += usage.input_tokens
        stats.output_tokens += usage.output_tokens
        stats.usd += usd

    def answered(self, model: str, answer: ChatResponse) -> None:
        """It gave that."""
        stats = self._of(model)
        stats.first_token.add(answer.first_token_s)
        writing_s = answer.took_s - answer.first_token_s
        if writing_s > 0 and answer.usage.output_tokens > 1:
            stats.token_rate.add((answer.usage.output_tokens - 1) / writing_s)

    def waited(self, model: str, seconds: float) -> None:
        """It had leave after so long."""
        self._of(model).permit_wait.add(seconds)

    def retried(self, model: str) -> None:
        """Another attempt follows."""
        self._of(model).retries += 1

    def hit(self, model: str) -> None:
        """The cache had the answer."""
        self._of(model).cache_hits += 1

    def give(self, account: CallAccount) -> None:
        """A model was asked. An account that cannot be taken does not take the answer along that was paid for."""
        if self._on_account is not None:
            try:
                self._on_account(account)
            except Exception:
                _log.exception("the account of a call was not taken: %s", account)

    def _of(self, model: str) -> ModelStats:
        stats = self._stats.model(model)
        if not stats.calls:
            # Also those that never occurred: a rate sees the first only when there was a 0 before it.
            stats.calls = dict.fromkeys((outcome.value for outcome in Outcome), 0)
        return stats
