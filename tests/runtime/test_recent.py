"""The duplicate filter against a simple model: it knows at least the last ids, and at most about twice as many."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from shoal.runtime.recent import Recent

_UNBOUNDED = 10**9


class RecentMachine(RuleBasedStateMachine):
    """The model: every id that was met as new, in order of that, with what it was first met with."""

    @initialize(size=st.integers(1, 6), weight=st.sampled_from([20, _UNBOUNDED]))
    def build(self, size: int, weight: int) -> None:
        self.size = size
        self.most_weight = weight
        self.recent: Recent[str] = Recent(size, weight)
        self.met: dict[bytes, str] = {}
        self.fresh: list[bytes | None] = []
        """Ids in the order they were last new; one that was forgotten leaves its place empty."""

    @rule(number=st.integers(0, 12))
    def meet(self, number: int) -> None:
        message_id, value = number.to_bytes(2, "big"), f"{number} at {len(self.met)}:{len(self.fresh)}"
        known = self.recent.meet(message_id, value)
        if known is None:
            assert self.most_weight != _UNBOUNDED or message_id not in self.fresh[-self.size :]
            self.met[message_id] = value
            self.fresh.append(message_id)
        else:
            assert known == self.met[message_id]

    @rule(number=st.integers(0, 12))
    def settle(self, number: int) -> None:
        message_id, value = number.to_bytes(2, "big"), f"{number} settled at {len(self.fresh)}"
        known = self.recent.get(message_id)
        self.recent.settle(message_id, value)
        assert self.recent.get(message_id) == (None if known is None else value)
        if known is not None:
            self.met[message_id] = value

    @rule(number=st.integers(0, 12))
    def forget(self, number: int) -> None:
        message_id = number.to_bytes(2, "big")
        self.recent.forget(message_id)
        assert self.recent.get(message_id) is None
        self.fresh = [None if known == message_id else known for known in self.fresh]

    @rule(weight=st.integers(1, 15))
    def weigh(self, weight: int) -> None:
        self.recent.weigh(weight)

    @invariant()
    def the_last_ids_are_known_with_what_they_were_met_with(self) -> None:
        if not hasattr(self, "recent") or self.most_weight != _UNBOUNDED:
            return
        for message_id in self.fresh[-self.size :]:
            assert message_id is None or self.recent.get(message_id) == self.met[message_id]

    @invariant()
    def memory_is_bounded(self) -> None:
        if hasattr(self, "recent"):
            assert len(self.recent) <= 2 * self.size + 1


TestRecentMachine = RecentMachine.TestCase
TestRecentMachine.settings = settings(max_examples=100, stateful_step_count=50)


def test_an_id_that_is_met_again_keeps_what_it_was_met_with_first() -> None:
    recent: Recent[str] = Recent(10, _UNBOUNDED)
    assert recent.meet(b"a", "first") is None
    assert recent.meet(b"a", "second") == "first"
    assert recent.get(b"a") == "first"


def test_an_id_that_was_not_taken_after_all_is_new_again() -> None:
    recent: Recent[str] = Recent(10, _UNBOUNDED)
    recent.meet(b"a", "refused")
    recent.forget(b"a")
    assert recent.meet(b"a", "taken") is None


def test_what_is_heavy_is_forgotten_after_two_more_that_are_as_heavy() -> None:
    recent: Recent[str] = Recent(100, 20)
    for message_id in (b"a", b"b", b"c"):
        recent.meet(message_id, "answer")
        recent.weigh(11)
    assert recent.get(b"a") is None
    assert recent.get(b"c") == "answer"
