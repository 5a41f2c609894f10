"""A budget in a file: what may be used in all."""

from __future__ import annotations

from pydantic import Field

from shoal.experiments.teams.strict import Strict
from shoal.experiments.teams.words import Amount, Duration
from shoal.models.permits import Budget


class BudgetSpec(Strict):
    """What may be used in all; a key that is missing limits nothing."""

    tokens: Amount | None = None
    """Input and output together; 200k is understood."""
    usd: float | None = Field(default=None, ge=0)
    """US dollars."""
    calls: Amount | None = None
    """Model calls; each attempt is one."""
    steps: Amount | None = None
    """Steps of agents: a model call with the tools it asks for."""
    wall: Duration | None = None
    """From the first use on, in seconds, pauses of the run left out; 10m is understood."""

    def budget(self) -> Budget:
        """As the runtime takes it."""
        return Budget(tokens=self.tokens, usd=self.usd, calls=self.calls, steps=self.steps, wall_s=self.wall)
