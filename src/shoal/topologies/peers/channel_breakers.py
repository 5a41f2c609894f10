"""Circuit breakers of the channels that one peer speaks on: the rule is that of models' endpoints."""

from __future__ import annotations

from collections.abc import Callable

from shoal.models.calling.breaker import Event, State, decide
from shoal.models.spec import Breaker
from shoal.topologies.errors import ChannelBroken


class ChannelBreakers:
    """One for each receiver. They live as long as the peer's process: another one begins with hope."""

    def __init__(self, me: str, rule: Breaker | None, clock: Callable[[], float]) -> None:
        """``rule`` ``None``: everything may be tried."""
        self._me = me
        self._rule = rule
        self._clock = clock
        self._states: dict[str, State] = {}

    def ask(self, to: str) -> bool:
        """Before something is said; whether it is a probe. Raises :class:`ChannelBroken`."""
        rule = self._rule
        if rule is None:
            return False
        decision = decide(rule, self._states.get(to, State()), Event.ASKED, self._clock())
        self._states[to] = decision.state
        if not decision.allowed:
            raise ChannelBroken(
                f"{self._me!r} does not speak to {to!r} now: that failed {rule.failures} times; one message tries it "
                f"every {rule.open_s:g} s",
                peer=self._me,
                to=to,
            )
        return decision.probe

    def tell(self, to: str, event: Event, *, probe: bool) -> None:
        """How it ended."""
        if self._rule is not None:
            state = self._states.get(to, State())
            self._states[to] = decide(self._rule, state, event, self._clock(), probe=probe).state
