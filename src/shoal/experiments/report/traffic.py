"""Who sent how many messages to whom, and what model calls that made. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from shoal.actors.llm.recorded import ModelCall
from shoal.models.money import NANO


@dataclass(slots=True)
class Amount:
    """What went one way, or what an agent took."""

    messages: int = 0
    calls: int = 0
    """Requests to models, those that failed included."""
    input_tokens: int = 0
    output_tokens: int = 0
    nano_usd: int = 0
    priced: bool = True
    """Whether all prices are known; else ``nano_usd`` is too low."""
    took_s: float = 0.0

    @property
    def tokens(self) -> int:
        """Input and output."""
        return self.input_tokens + self.output_tokens

    @property
    def usd(self) -> float:
        """US dollars."""
        return self.nano_usd / NANO

    def add(self, other: Amount) -> None:
        """Both together."""
        self.messages += other.messages
        self.calls += other.calls
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.nano_usd += other.nano_usd
        self.priced = self.priced and other.priced
        self.took_s += other.took_s


K = TypeVar("K")
Edge = tuple[str, str]
"""Addresses of who sent and who received."""


class Traffic:
    """Adds up messages and calls, one by one."""

    def __init__(self) -> None:
        self.edges: dict[Edge, Amount] = {}
        self.agents: dict[str, Amount] = {}
        """What the model calls of each agent took, and how many messages it handled."""
        self.roles: dict[str, Amount] = {}
        self.models: dict[str, Amount] = {}
        self.total = Amount()
        self.moments: list[tuple[float, int, int]] = []
        """Of each call when it ended, since 1970, its tokens and its billionths of a dollar."""

    def message(self, sender: str, recipient: str) -> None:
        """One message."""
        _of(self.edges, (sender, recipient)).messages += 1
        _of(self.agents, recipient).messages += 1
        self.total.messages += 1

    def call(self, call: ModelCall) -> None:
        """One call of an agent: it belongs to the way of the message in whose handling it was made."""
        for account in call.accounts:
            usage = account.usage
            amount = Amount(
                0, account.attempts, usage.input_tokens, usage.output_tokens, account.nano_usd, account.priced,
                account.took_s,
            )  # fmt: skip
            _of(self.edges, (call.sender, call.agent)).add(amount)
            _of(self.agents, call.agent).add(amount)
            _of(self.roles, call.role or call.agent).add(amount)
            _of(self.models, account.model).add(amount)
            self.total.add(amount)
            self.moments.append((call.at, amount.tokens, amount.nano_usd))


def _of(sums: dict[K, Amount], key: K) -> Amount:
    found = sums.get(key)
    if found is None:
        found = sums[key] = Amount()
    return found
