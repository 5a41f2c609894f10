"""Who may call now: budgets, rates and turns together, as one deterministic state. Pure; the clock is an argument.

``ask``, ``settle``, ``cancel`` and ``holder_gone`` say what happened; ``serve`` then says who may go and who never
will. One look goes through what waits in order (see :mod:`.fair_queue`) and holds two rules: whoever waits for room in
an endpoint's rates is passed by nobody who wants the same endpoint, and whoever waits for room in a level (which open
calls may give back) is passed by nobody who is charged to that level. So a large call is not starved by small ones.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import NamedTuple

from shoal.actors.limits.amounts import ceiling, wanted
from shoal.actors.limits.charges import Reservation
from shoal.actors.limits.denials import too_large, too_late
from shoal.actors.limits.fair_queue import FairQueue, Waiting
from shoal.actors.limits.gate import Gate, tightest
from shoal.actors.limits.ledger import Ledger
from shoal.actors.limits.spec import RUN, LimitsSpec
from shoal.actors.limits.status import LimitsStatus, endpoint_status, level_status
from shoal.models.errors import LimitError
from shoal.models.money import NANO
from shoal.models.permits import Budget, Charge, Settlement, Want
from shoal.models.spec import Rates


class Granted(NamedTuple):
    """It may go; what it wanted is reserved."""

    id: str
    waited_s: float


class Denied(NamedTuple):
    """It will never be able to go."""

    id: str
    error: LimitError


Decision = Granted | Denied


class Book:
    """The limits of one system. Ids are ``holder/number``; a holder is a process."""

    def __init__(self, spec: LimitsSpec, *, keeps_charges: bool = True) -> None:
        self.spec = spec
        self.ledger = Ledger(keeps_charges=keeps_charges)
        self.gates: dict[str, Gate] = {}
        self.waiting: dict[str, Waiting] = {}
        self.touched: set[str] = set()
        """Reservations that were opened or closed and are not saved."""
        self.touched_gates: set[str] = set()
        self._queues: dict[str, FairQueue] = {}
        self._decided: list[Decision] = []
        self._number = 0
        self._alarms: list[tuple[float, str]] = []
        """When somebody's deadline is; "": when the time of a level may be over."""

    # -- what happens --------------------------------------------------------------------------------------

    def ask(self, want_id: str, want: Want, now: float) -> None:
        """Somebody wants leave. Asked again under the same id, it is the same."""
        if want_id in self.ledger.open:
            self._decided.append(Granted(want_id, 0.0))
            return
        if want_id in self.waiting:
            return
        # It may have been booked in full, for a holder that lives after all and has not heard of its leave.
        self.ledger.take_back(want_id)
        levels = self._declare(want)
        gate = self.gate(want.endpoint, want.model)
        amounts = wanted(want)
        refusal = too_large(gate, want) or self.ledger.refusal(levels, amounts, now)
        if refusal is not None:
            self._decided.append(Denied(want_id, refusal))
            return
        self._number += 1
        waiting = Waiting(
            want_id, want.endpoint, levels, amounts, want.task, want.priority, want.deadline, now, self._number,
            want.model, want.about,
        )  # fmt: skip
        self.waiting[want_id] = waiting
        self._queue(want.endpoint).add(waiting)
        if want.deadline is not None:
            heapq.heappush(self._alarms, (want.deadline, want_id))

    def settle(self, want_id: str, took: Settlement | None, now: float) -> None:
        """A permit is given back; ``None``: nobody knows what it took, so all of it. Twice is once."""
        self._left(self.ledger.settle(want_id, took), took, now)

    def record(self, charge: Charge, now: float) -> None:
        """The call that was charged so is recorded. Twice is once."""
        took = Settlement(charge.tokens, charge.nano_usd / NANO)
        self._left(self.ledger.record(charge), took, now)

    def cancel(self, want_id: str, now: float) -> None:
        """It is not wanted any more, and nothing was sent."""
        waiting = self.waiting.get(want_id)
        if waiting is not None:
            self._remove(waiting)
        else:
            self._left(self.ledger.release(want_id), None, now)

    def holder_gone(self, holder: str, now: float) -> None:
        """A process is dead: what it holds is booked in full, what it waits for is not wanted."""
        prefix = f"{holder}/"
        for want_id in [one for one in self.waiting if one.startswith(prefix)]:
            self.cancel(want_id, now)
        for want_id in [one for one in self.ledger.open if one.startswith(prefix)]:
            self.settle(want_id, None, now)

    def declare_rates(self, endpoint: str, rates: Rates) -> None:
        """What somebody knows of an endpoint: the lower of all that is declared counts."""
        gate = self.gate(endpoint, "")
        gate.rates = tightest(gate.rates, rates)
        self.touched_gates.add(endpoint)

    def set_budget(self, level: str, budget: Budget, now: float) -> None:
        """From now on these limits count for a level, whatever is declared; those it does not name stay."""
        self.ledger.set_limit(level, ceiling(budget))
        self.watch_time(level)

    def begin(self, level: str, now: float) -> None:
        """A level is in use from now on, whether anybody calls or not; if it is already, nothing changes."""
        self._declare_own(level)
        if self.ledger.begin(level, now):
            self.watch_time(level)

    # -- what follows --------------------------------------------------------------------------------------

    def serve(self, now: float) -> list[Decision]:
        """Who may go now, and who never will; each is told of once."""
        self._sound_alarms(now)
        if self.waiting:
            self._look_through(now)
        decided, self._decided = self._decided, []
        return decided

    def next_at(self, now: float) -> float | None:
        """When to serve again, if nothing happens before."""
        times = [self._alarms[0][0]] if self._alarms and self.waiting else []
        for endpoint, queue in self._queues.items():
            at = self.gates[endpoint].next_at(now) if queue.count else None
            if at is not None:
                times.append(at)
        return min(times, default=None)

    def status(self, now: float) -> LimitsStatus:
        """How all of it is."""
        return LimitsStatus(
            levels={name: level_status(account, now) for name, account in self.ledger.accounts.items()},
            endpoints={
                name: endpoint_status(gate, self._queue(name).count, now) for name, gate in self.gates.items()
            },
            open=len(self.ledger.open),
            waiting=len(self.waiting),
        )

    def gate(self, endpoint: str, model: str) -> Gate:
        """The way to an endpoint."""
        gate = self.gates.get(endpoint)
        if gate is None:
            gate = self.gates[endpoint] = Gate(self.spec.rates_of(endpoint, model))
        elif model and not gate.named:
            gate.rates = tightest(gate.rates, self.spec.rates_of(endpoint, model))
        gate.named = gate.named or bool(model)
        return gate

    def watch_time(self, level: str) -> None:
        """Whoever waits when a level's time is over shall hear of it."""
        ends_at = self.ledger.account(level).ends_at
        if ends_at is not None:
            heapq.heappush(self._alarms, (ends_at, ""))

    # -- inside --------------------------------------------------------------------------------------------

    def _declare(self, want: Want) -> tuple[str, ...]:
        declared = dict(want.levels)
        names = tuple(dict.fromkeys((RUN, *declared)))
        for name in names:
            self._declare_own(name)
            budget = declared.get(name)
            if budget is not None and self.ledger.declare(name, ceiling(budget)):
                self.watch_time(name)
        return names

    def _declare_own(self, level: str) -> None:
        if level not in self.ledger.accounts:
            self.ledger.declare(level, ceiling(self.spec.budget_of(level)))

    def _queue(self, endpoint: str) -> FairQueue:
        queue = self._queues.get(endpoint)
        if queue is None:
            queue = self._queues[endpoint] = FairQueue()
        return queue

    def _remove(self, waiting: Waiting, *, served: bool = False) -> None:
        del self.waiting[waiting.id]
        self._queues[waiting.endpoint].remove(waiting, served=served)

    def _left(self, reservation: Reservation | None, took: Settlement | None, now: float) -> None:
        if reservation is not None:
            self.touched.add(reservation.id)
            self.touched_gates.add(reservation.endpoint)
            self.gates[reservation.endpoint].leave(reservation.at, took, now)

    def _look_through(self, now: float) -> None:
        """One look through all that waits."""
        served: list[Waiting] = []
        refused: list[Waiting] = []
        full: set[str] = set()
        heads = _Heads([(queue.order(), name) for name, queue in self._queues.items() if queue.count])
        while (waiting := heads.next()) is not None:
            refusal = self.ledger.refusal(waiting.levels, waiting.amounts, now)
            if refusal is not None:
                refused.append(waiting)
                self._decided.append(Denied(waiting.id, refusal))
            elif full.isdisjoint(waiting.levels):
                lacking = self.ledger.full(waiting.levels, waiting.amounts)
                if lacking:
                    full.update(lacking)
                elif not self.gates[waiting.endpoint].has_room(waiting.amounts.tokens, now):
                    heads.close(waiting.endpoint)
                else:
                    self._grant(waiting, now)
                    served.append(waiting)
            if RUN in full:
                break
        for waiting in refused:
            self._remove(waiting)
        for waiting in served:
            self._remove(waiting, served=True)

    def _grant(self, waiting: Waiting, now: float) -> None:
        begins = [level for level in waiting.levels if self.ledger.account(level).began is None]
        self.ledger.reserve(
            Reservation(
                waiting.id, waiting.endpoint, waiting.levels, waiting.amounts, now, waiting.model, waiting.about
            )
        )  # fmt: skip
        for level in begins:
            self.watch_time(level)
        self.gates[waiting.endpoint].enter(waiting.amounts.tokens, now)
        self.touched.add(waiting.id)
        self.touched_gates.add(waiting.endpoint)
        self._decided.append(Granted(waiting.id, max(0.0, now - waiting.since)))

    def _sound_alarms(self, now: float) -> None:
        while self._alarms and self._alarms[0][0] <= now:
            _, want_id = heapq.heappop(self._alarms)
            if not want_id:
                for waiting in list(self.waiting.values()):
                    refusal = self.ledger.refusal(waiting.levels, waiting.amounts, now)
                    if refusal is not None:
                        self._deny(waiting, refusal)
            elif (late := self.waiting.get(want_id)) is not None:
                self._deny(late, too_late(late, now))

    def _deny(self, waiting: Waiting, error: LimitError) -> None:
        self._remove(waiting)
        self._decided.append(Denied(waiting.id, error))


class _Heads:
    """Goes through several queues together: of what comes next in each the highest priority, then the oldest."""

    def __init__(self, orders: list[tuple[Iterator[Waiting], str]]) -> None:
        self._orders = {name: order for order, name in orders}
        self._heads = {name: next(order) for order, name in orders}

    def next(self) -> Waiting | None:
        """The next one; ``None`` when there is none."""
        if not self._heads:
            return None
        best = min(self._heads.values(), key=lambda waiting: (-waiting.priority, waiting.number))
        following = next(self._orders[best.endpoint], None)
        if following is None:
            del self._heads[best.endpoint]
        else:
            self._heads[best.endpoint] = following
        return best

    def close(self, endpoint: str) -> None:
        """Nobody more of this one."""
        self._heads.pop(endpoint, None)
