"""In whatever order calls are made, settled, recorded, said to be recorded, and processes and the limiter die: what is
charged is what was recorded and what is left without a record, level by level, and nothing else."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shoal.actors.limits import LimitsSpec
from shoal.actors.limits.amounts import Amounts, wanted
from shoal.actors.limits.book import Book, Granted
from shoal.actors.limits.rows import Row, restore, session_row, take_changes
from shoal.models.money import nano_usd
from shoal.models.permits import Charge, Settlement, Want
from tests.actors.limits.wants import want

HOLDERS = ("x", "y")
TASKS = ("task/1", "task/2")


class Machine(RuleBasedStateMachine):
    """``records`` is what is written of calls, for good; ``file`` is what the limiter wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.file: dict[tuple[str, str], Row] = {("session", ""): session_row("s")}
        self.book = Book(LimitsSpec())
        self.number = 0
        self.held: dict[str, Want] = {}
        self.unheard: dict[str, Want] = {}
        """Granted, and its process does not know."""
        self.unsent: dict[str, Settlement] = {}
        self.records: dict[str, Charge] = {}
        self.wants: dict[str, Want] = {}
        self.now = 0.0

    def written(self) -> None:
        self.now += 1.0
        decisions = self.book.serve(self.now)
        for row in take_changes(self.book):
            self.file[row.kind, row.key] = row
        for decision in decisions:
            assert isinstance(decision, Granted)

    @rule(
        holder=st.sampled_from(HOLDERS), task=st.sampled_from(TASKS), tokens=st.integers(0, 100),
        usd=st.floats(0, 1e-3), heard=st.booleans(),
    )  # fmt: skip
    def ask(self, holder: str, task: str, tokens: int, usd: float, heard: bool) -> None:
        self.number += 1
        permit = f"{holder}/{self.number}"
        self.wants[permit] = want(task, tokens=tokens, usd=usd, steps=1, about=("who",))
        (self.held if heard else self.unheard)[permit] = self.wants[permit]
        self.book.ask(permit, self.wants[permit], self.now)
        self.written()

    @precondition(lambda self: self.unheard)
    @rule(data=st.data())
    def ask_again(self, data: st.DataObject) -> None:
        """Its process did not hear, also when the limiter took it for dead meanwhile."""
        permit = data.draw(st.sampled_from(sorted(self.unheard)))
        self.held[permit] = self.unheard.pop(permit)
        self.book.ask(permit, self.wants[permit], self.now)
        self.written()

    @precondition(lambda self: self.held)
    @rule(
        data=st.data(),
        share=st.floats(0, 1.5),
        sent=st.booleans(),
        recorded=st.booleans(),
        says=st.booleans(),
    )
    def answer(self, data: st.DataObject, share: float, sent: bool, recorded: bool, says: bool) -> None:
        """A call is over: its settlement goes now, later or never; its record is written or not, and told of or not."""
        permit = data.draw(st.sampled_from(sorted(self.held)))
        wish = self.held.pop(permit)
        took = Settlement(int(wish.tokens * share), wish.usd * share)
        if sent:
            self.book.settle(permit, took, self.now)
        else:
            self.unsent[permit] = took
        if recorded:
            self.records[permit] = Charge(permit, took.tokens, nano_usd(took.usd))
            if says:
                self.book.record(self.records[permit], self.now)
        self.written()

    @precondition(lambda self: self.unsent)
    @rule(data=st.data(), twice=st.booleans())
    def settle_late(self, data: st.DataObject, twice: bool) -> None:
        permit = data.draw(st.sampled_from(sorted(self.unsent)))
        took = self.unsent.pop(permit)
        for _ in range(1 + twice):
            self.book.settle(permit, took, self.now)
        self.written()

    @precondition(lambda self: self.records)
    @rule(data=st.data())
    def say_recorded(self, data: st.DataObject) -> None:
        """Also by another process, and once more than needed."""
        self.book.record(self.records[data.draw(st.sampled_from(sorted(self.records)))], self.now)
        self.written()

    @precondition(lambda self: self.unheard)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        permit = data.draw(st.sampled_from(sorted(self.unheard)))
        del self.unheard[permit]
        self.book.cancel(permit, self.now)
        self.written()

    @rule(holder=st.sampled_from(HOLDERS), really=st.booleans())
    def holder_is_taken_for_dead(self, holder: str, really: bool) -> None:
        self.book.holder_gone(holder, self.now)
        if really:
            for known in (self.held, self.unheard, self.unsent):
                for permit in [one for one in known if one.startswith(holder)]:
                    del known[permit]
        self.written()

    @rule()
    def limiter_dies(self) -> None:
        self.book = Book(LimitsSpec())
        restore(self.book, [row for row in self.file.values() if row.packed is not None], "s")

    def booked(self, permit: str) -> Amounts:
        """What a permit that is neither open nor left was charged: by its record."""
        charge = self.records[permit]
        return Amounts(charge.tokens, charge.nano_usd, 1, 1)

    def check(self) -> None:
        ledger = self.book.ledger
        left = ledger.charges.left
        for level in ("run", *TASKS):
            spent = ledger.account(level).spent
            mine = [one for one, wish in self.wants.items() if level == "run" or wish.levels[0].name == level]
            known = Amounts()
            for permit in mine:
                if permit in left:
                    known = known.plus(left[permit].amounts)
                elif permit not in ledger.open and permit in self.records:
                    known = known.plus(self.booked(permit))
            assert spent == known, level

    @invariant()
    def what_is_charged_is_recorded_or_left(self) -> None:
        self.check()
        for permit, charge in self.book.ledger.charges.left.items():
            assert charge.amounts == wanted(self.wants[permit]) or charge.settled
            assert charge.reservation.about == ("who",)

    def teardown(self) -> None:
        """The run is over: the books are settled from the file, and again."""
        for _ in range(2):
            self.limiter_dies()
            for charge in self.records.values():
                self.book.record(charge, self.now)
            for permit in list(self.book.ledger.open):
                self.book.settle(permit, None, self.now)
            self.book.ledger.close(list(self.book.ledger.charges.left))
            assert not set(self.records) & set(self.book.ledger.charges.left)
            self.written()
            self.check()
        for gate in self.book.gates.values():
            assert gate.running == 0


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=80, stateful_step_count=50)
