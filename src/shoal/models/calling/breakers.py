"""The circuit breakers of a process, one for each endpoint, shared by all its callers."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping

from shoal.models.calling.breaker import Event, Phase, State, decide, wait_s
from shoal.models.errors import CircuitOpen
from shoal.models.spec import Breaker


class Breakers:
    """States by endpoint. ``gauge`` is kept up to date with each one's phase: ``HostStats.breakers``."""

    def __init__(self, now: Callable[[], float], gauge: MutableMapping[str, int] | None = None) -> None:
        self._now = now
        self._gauge: MutableMapping[str, int] = {} if gauge is None else gauge
        self._states: dict[str, State] = {}

    def phase(self, endpoint: str) -> Phase:
        """How an endpoint is taken to be."""
        return self._states.get(endpoint, State()).phase

    def ask(self, endpoint: str, model: str, rule: Breaker) -> Outing:
        """Leave to make a call. Raises :class:`CircuitOpen`, which says when it is worth to ask again."""
        state = self._states.get(endpoint, State())
        decision = decide(rule, state, Event.ASKED, self._now())
        self._keep(endpoint, decision.state)
        if decision.allowed:
            return Outing(self, endpoint, rule, decision.probe)
        after = wait_s(rule, decision.state, self._now())
        raise CircuitOpen(
            f"{endpoint} failed {rule.failures} times in {rule.within_s:g} s and is left alone; it is probed in "
            f"{after:.1f} s. Nothing was sent",
            model=model, endpoint=endpoint, retry_after_s=after,
        )  # fmt: skip

    def tell(self, endpoint: str, rule: Breaker, event: Event, *, probe: bool) -> None:
        """A call has ended."""
        state = self._states.get(endpoint, State())
        self._keep(endpoint, decide(rule, state, event, self._now(), probe=probe).state)

    def _keep(self, endpoint: str, state: State) -> None:
        self._states[endpoint] = state
        self._gauge[endpoint] = int(state.phase)


class Outing:
    """A call that was allowed. It is ended once; later ends are nothing."""

    __slots__ = ("_breakers", "_ended", "_endpoint", "_rule", "probe")

    def __init__(self, breakers: Breakers, endpoint: str, rule: Breaker, probe: bool) -> None:
        self._breakers = breakers
        self._endpoint = endpoint
        self._rule = rule
        self._ended = False
        self.probe = probe

    def end(self, event: Event) -> None:
        """How it went."""
        if not self._ended:
            self._ended = True
            self._breakers.tell(self._endpoint, self._rule, event, probe=self.probe)
