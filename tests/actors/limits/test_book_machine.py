"""Whatever happens, in whatever order: no limit is passed, nothing leaks, who can go goes. The limiter dies, too."""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shoal.actors.limits import LimitsSpec
from shoal.actors.limits.book import Book, Denied
from shoal.actors.limits.rows import Row, clock_row, pause_before, restore, session_row, take_changes
from shoal.models.errors import BudgetExceeded
from shoal.models.permits import Budget, Settlement, Want
from shoal.models.spec import Rates
from tests.actors.limits.wants import want

HOLDERS = ("x", "y")
TEAMS = ("team/red", "team/blue")
AGENTS = ("agent/a", "agent/b", "agent/c")
SPEC = LimitsSpec(
    run=Budget(tokens=400, usd=0.02, calls=40, steps=30),
    teams={"red": Budget(tokens=200, calls=15)},
    per_agent=Budget(tokens=150),
    per_task=Budget(calls=8),
    rates={"e": Rates(rpm=6, tpm=120, concurrency=3), "f": Rates(concurrency=2)},
)


class Machine(RuleBasedStateMachine):
    """``file`` is what a limiter that dies leaves; what was decided is told only after it was written."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.file: dict[tuple[str, str], Row] = {("session", ""): session_row("s")}
        self.book = Book(SPEC)
        self.number = 0
        self.wanted: dict[str, Want] = {}
        self.held: dict[str, Want] = {}
        self.went: list[tuple[float, str, int]] = []
        self.spent: Counter[str] = Counter()

    @initialize(tokens=st.integers(50, 300))
    def set_budget(self, tokens: int) -> None:
        self.book.set_budget("team/red", Budget(tokens=tokens), self.now)
        self.serve()

    def serve(self) -> None:
        decisions = self.book.serve(self.now)
        for row in (*take_changes(self.book), clock_row(self.now)):
            self.file[row.kind, row.key] = row
        for decision in decisions:
            wanted = self.wanted.pop(decision.id, None)
            assert wanted is not None
            if isinstance(decision, Denied):
                assert isinstance(decision.error, BudgetExceeded)
                assert decision.error.details["left"] < decision.error.details["wanted"]
            else:
                if decision.id not in self.held:  # else it was asked again
                    self.went.append((self.now, wanted.endpoint, wanted.tokens))
                self.held[decision.id] = wanted

    def used_s(self, level: str) -> float:
        """How long it has been in use."""
        began = self.book.ledger.account(level).began
        return 0.0 if began is None else self.now - began

    @rule(
        holder=st.sampled_from(HOLDERS), team=st.sampled_from(TEAMS), agent=st.sampled_from(AGENTS),
        task=st.sampled_from(["1", "2", "3"]), endpoint=st.sampled_from(["e", "f"]),
        tokens=st.integers(0, 100), micros=st.integers(0, 5000), steps=st.integers(0, 1),
        priority=st.integers(0, 1),
    )  # fmt: skip
    def ask(
        self, holder: str, team: str, agent: str, task: str, endpoint: str, tokens: int, micros: int, steps: int,
        priority: int,
    ) -> None:  # fmt: skip
        self.number += 1
        want_id = f"{holder}/{self.number}"
        self.wanted[want_id] = want(
            team, agent, f"task/{task}", endpoint=endpoint, tokens=tokens, usd=micros / 1e6, steps=steps,
            task=task, priority=priority,
        )  # fmt: skip
        self.book.ask(want_id, self.wanted[want_id], self.now)
        self.serve()

    def settled(self, want_id: str, tokens: int) -> None:
        for level in ("run", *(level.name for level in self.held.pop(want_id).levels)):
            self.spent[level] += tokens

    @precondition(lambda self: self.held)
    @rule(data=st.data(), share=st.floats(0, 1), limited=st.booleans(), twice=st.booleans())
    def settle(self, data: st.DataObject, share: float, limited: bool, twice: bool) -> None:
        want_id = data.draw(st.sampled_from(sorted(self.held)))
        held = self.held[want_id]
        took = Settlement(int(held.tokens * share), held.usd * share, limited)
        for _ in range(2 if twice else 1):
            self.book.settle(want_id, took, self.now)
        self.settled(want_id, took.tokens)
        self.serve()

    @precondition(lambda self: self.held or self.wanted)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        want_id = data.draw(st.sampled_from(sorted({**self.held, **self.wanted})))
        self.book.cancel(want_id, self.now)
        self.held.pop(want_id, None)
        self.wanted.pop(want_id, None)
        self.serve()

    @rule(seconds=st.floats(0.1, 70))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.serve()

    @rule(holder=st.sampled_from(HOLDERS))
    def holder_dies(self, holder: str) -> None:
        self.book.holder_gone(holder, self.now)
        for want_id in [one for one in self.held if one.startswith(holder)]:
            self.settled(want_id, self.held[want_id].tokens)
        self.wanted = {one: want for one, want in self.wanted.items() if not one.startswith(holder)}
        self.serve()

    @rule(pause_s=st.floats(0, 100))
    def limiter_dies(self, pause_s: float) -> None:
        """Until the next one is there nobody works; it writes at once what it makes of that."""
        used_s = {name: self.used_s(name) for name in self.book.ledger.accounts}
        self.now += pause_s
        rows = [row for row in self.file.values() if row.packed is not None]
        self.book = Book(SPEC)
        restore(self.book, rows, "s", pause_s=pause_before(rows, self.now))
        for name in self.book.ledger.accounts:
            assert abs(self.used_s(name) - used_s[name]) < 1e-6
        for want_id, wanted in self.wanted.items():
            self.book.ask(want_id, wanted, self.now)
        for want_id in self.held:  # asked again, although its answer came
            self.wanted[want_id] = self.held[want_id]
            self.book.ask(want_id, self.held[want_id], self.now)
        self.serve()

    @invariant()
    def no_limit_is_passed(self) -> None:
        for name, account in self.book.ledger.accounts.items():
            held = account.spent.plus(account.reserved)
            for field, used, most in zip(held._fields, held, account.limit[:4], strict=True):
                assert most is None or used <= most, (name, field)
            assert account.over == 0

    @invariant()
    def nothing_leaks(self) -> None:
        assert set(self.book.ledger.open) == set(self.held)
        assert set(self.book.waiting) == set(self.wanted)
        for name, account in self.book.ledger.accounts.items():
            held = [one for one in self.held.values() if name == "run" or name in dict(one.levels)]
            assert account.reserved.tokens == sum(one.tokens for one in held)
            assert account.reserved.calls == len(held)
            assert account.spent.tokens == self.spent[name]
        for endpoint, gate in self.book.gates.items():
            assert gate.running == sum(one.endpoint == endpoint for one in self.held.values())
            assert gate.running <= (gate.rates.concurrency or 0)

    @invariant()
    def rates_hold_in_any_minute(self) -> None:
        minute = [tokens for at, endpoint, tokens in self.went if endpoint == "e" and at > self.now - 60]
        assert len(minute) <= 6
        assert sum(minute) <= 120

    def teardown(self) -> None:
        """Once all is given back nobody waits for long: each goes or is refused."""
        for _ in range(10 * (len(self.held) + len(self.wanted)) + 1):
            for want_id in list(self.held):
                self.book.settle(want_id, Settlement(0, 0.0), self.now)
                del self.held[want_id]
            self.now += 61.0
            self.serve()
            if not self.held and not self.wanted:
                break
        assert not self.held
        assert not self.wanted
        assert self.book.ledger.open == {}


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=30, stateful_step_count=30)
