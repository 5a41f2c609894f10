"""What adds up while one model is asked: attempts, what they were charged, how long they waited."""

from __future__ import annotations

from shoal.models.calling.account import CallAccount, Outcome
from shoal.models.calling.candidate import Candidate
from shoal.models.chat import ChatResponse, Usage
from shoal.models.errors import ModelError
from shoal.models.money import NANO, nano_usd
from shoal.models.permits import Charge, Permit


class Bill:
    """Of one model within one call. ``fallback``: another model had failed before."""

    def __init__(self, candidate: Candidate, fallback: bool, started: float) -> None:
        self.candidate = candidate
        self.fallback = fallback
        self.started = started
        self.usage = Usage()
        self.charges: list[Charge] = []
        self.attempts = 0
        self.retries = 0
        self.waited_s = 0.0

    def add(self, permit: Permit, usage: Usage | None, usd: float) -> None:
        """One attempt was charged that."""
        if usage is not None:
            self.usage = self.usage.plus(usage)
        tokens = 0 if usage is None else usage.total_tokens
        self.charges.append(Charge(permit.id, tokens, nano_usd(usd)))

    @property
    def nano_usd(self) -> int:
        """Billionths of a dollar that were charged: whole ones for each attempt, as budgets count them."""
        return sum(charge.nano_usd for charge in self.charges)

    def account(
        self, outcome: Outcome, now: float, answer: ChatResponse | None, *, cached: bool = False
    ) -> CallAccount:
        """The account of it all."""
        return CallAccount(
            model=self.candidate.model.name,
            endpoint=self.candidate.model.endpoint,
            usage=self.usage,
            usd=self.nano_usd / NANO,
            charges=tuple(self.charges),
            estimated=self.usage.estimated,
            priced=self.candidate.price is not None,
            attempts=self.attempts,
            retries=self.retries,
            outcome=outcome,
            waited_s=self.waited_s,
            first_token_s=0.0 if answer is None else answer.first_token_s,
            took_s=max(0.0, now - self.started),
            cached=cached,
            fallback=self.fallback,
        )


class Total:
    """Of all models of one call."""

    def __init__(self) -> None:
        self.bills: list[Bill] = []
        self.step_taken = False
        """Whether an attempt was given leave: the step has begun, and is not charged again."""

    @property
    def usage(self) -> Usage:
        """Tokens of all that was charged."""
        usage = Usage()
        for bill in self.bills:
            usage = usage.plus(bill.usage)
        return usage

    @property
    def usd(self) -> float:
        """Dollars of all that was charged."""
        return sum(bill.nano_usd for bill in self.bills) / NANO

    @property
    def attempts(self) -> int:
        """Requests that were sent."""
        return sum(bill.attempts for bill in self.bills)

    def on(self, answer: ChatResponse) -> ChatResponse:
        """The answer with what the whole call took."""
        return answer.model_copy(
            update={"usage": self.usage, "usd": self.usd, "attempts": max(1, self.attempts)}
        )

    def on_error(self, error: ModelError) -> ModelError:
        """The error with what was charged all the same."""
        charged = {"usage": self.usage.model_dump(), "usd": self.usd, "attempts": self.attempts}
        error.details = {**error.details, **charged}
        return error
