"""What a swarm decides without waiting: whose turn it is, how far a task is, what its monitor sees."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shoal.blackboard.entry import encode_value
from shoal.blackboard.version import Item, Version
from shoal.runtime.ref import Ref
from shoal.topologies.swarm import swarm
from shoal.topologies.swarming.crew import Crew, Hand
from shoal.topologies.swarming.monitor import LOOKS, Figures, Watch
from shoal.topologies.swarming.plan import SwarmPlan, home, item_name
from shoal.topologies.swarming.run import Progress


async def work(n: int) -> int:
    return n


def plan(**options: Any) -> SwarmPlan:
    return swarm(work, **options).plan()


class Task:
    """A task with so many items, that remembers who came."""

    def __init__(self, items: int, refuses: str = "") -> None:
        self.items = items
        self.refuses = refuses
        self.came: list[Hand] = []

    def is_hungry(self, group: int) -> bool:
        return self.items > 0

    def may_have(self, hand: Hand) -> bool:
        return hand.name != self.refuses

    def assign(self, hand: Hand) -> None:
        self.items -= 1
        self.came.append(hand)


def crew_of(*slots: int) -> Crew:
    return Crew(Hand(str(number), Ref(f"s/{number}"), 0, many) for number, many in enumerate(slots, 1))


# -- turns ---------------------------------------------------------------------------------------------------


@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=4), st.lists(st.integers(0, 20), min_size=1, max_size=6)
)
def test_every_item_is_given_out_once_and_no_hand_has_more_than_its_slots(
    slots: list[int], sizes: list[int]
) -> None:
    crew, tasks = crew_of(*slots), [Task(size) for size in sizes]
    busy: list[Hand] = []
    for task in tasks:
        crew.want(task)
    while True:
        busy = [hand for task in tasks for hand in task.came]
        for task in tasks:
            task.came = []
        if not busy:
            break
        counts = Counter(hand.name for hand in busy)
        assert all(counts[name] <= crew.hands[name].slots for name in counts)
        for hand in busy:
            crew.give_back(hand)
    assert all(task.items == 0 for task in tasks)
    assert all(hand.busy == 0 for hand in crew.hands.values())


def test_tasks_take_turns() -> None:
    crew, large, small = crew_of(1), Task(100), Task(2)
    crew.want(large)
    crew.want(small)
    order = []
    for _ in range(5):
        (one,) = [task for task in (large, small) if task.came]
        order.append("large" if one is large else "small")
        crew.give_back(one.came.pop())
    assert order == ["large", "large", "small", "large", "small"]  # it was alone at first


def test_a_hand_that_a_task_must_not_have_stays_free_for_others() -> None:
    crew, picky, other = crew_of(1), Task(1, refuses="1"), Task(1)
    crew.want(picky)
    assert not picky.came
    crew.want(other)
    assert [hand.name for hand in other.came] == ["1"]
    crew.join(Hand("2", Ref("s/2"), 0, 1))
    assert [hand.name for hand in picky.came] == ["2"]


def test_who_leaves_gets_nothing_more_and_who_comes_back_does() -> None:
    crew, task = crew_of(1, 1), Task(0)
    crew.leave(crew.hands["1"])
    task.items = 2
    crew.want(task)
    assert [hand.name for hand in task.came] == ["2"]
    crew.join(crew.hands["1"])
    assert [hand.name for hand in task.came] == ["2", "1"]


# -- how far a task is ---------------------------------------------------------------------------------------


def version(name: str, revision: int, state: Any, **item: Any) -> Version:
    of_item = Item(state=state, tags=("group-0",), **item)
    value = encode_value(1)
    return Version(f"item/{name}", value, 1, revision, 1, "a", b"", None, 0.0, None, of_item)


def done(by: str) -> dict[str, Any]:
    return {"result": encode_value({"by": by, "done": ""})}


HANDS = [Hand("a", Ref("s/a"), 0, 1)]


def test_a_task_is_quiescent_only_when_the_board_has_said_all_of_it() -> None:
    progress = Progress(plan(), 0.0, None)
    progress.reserve(["1", "2"])
    assert progress.verdict(1.0, HANDS) is None
    progress.see("item/1", version("1", 5, "done", **done("a")), 1.0)
    assert progress.verdict(1.0, HANDS) is None  # the other one is being posted
    progress.see("item/2", version("2", 6, "open"), 1.0)
    assert progress.ready(0, 1.0) == 1
    assert progress.verdict(1.0, HANDS) is None
    progress.see("item/2", version("2", 7, "claimed"), 1.0)
    assert progress.ready(0, 1.0) == 0
    assert progress.verdict(1.0, HANDS) is None
    progress.see("item/2", version("2", 8, "done", **done("a")), 1.0)
    verdict = progress.verdict(1.0, HANDS)
    assert verdict is not None
    assert verdict.condition == "Quiescence()"


def test_an_item_that_somebody_withdrew_is_not_waited_for() -> None:
    progress = Progress(plan(), 0.0, None)
    progress.see("item/1", version("1", 1, "done", **done("a")), 0.0)
    progress.see("item/2", version("2", 2, "open"), 0.0)
    gone = Version("item/2", None, 0, 3, 0, "x", b"", None, 0.0)
    progress.see("item/2", gone, 0.0)
    assert progress.verdict(1.0, HANDS) is not None


def test_what_is_older_than_what_is_known_changes_nothing() -> None:
    progress = Progress(plan(), 0.0, None)
    progress.claimed("1", 7)
    progress.see("item/1", version("1", 5, "open"), 0.0)
    assert progress.ready(0, 1.0) == 0
    assert progress.figures.claimed == 1


def test_an_item_that_waits_can_be_claimed_when_its_time_has_come() -> None:
    progress = Progress(plan(), 0.0, None)
    progress.see("item/1", version("1", 1, "open", not_before=5.0), 0.0)
    assert progress.ready(0, 4.0) == 0
    assert progress.due() == 5.0
    assert progress.ready(0, 5.0) == 1
    progress.unready(0, 5.0)
    assert progress.ready(0, 5.0) == 0
    assert progress.ready(0, 6.0) == 1


def test_the_end_of_the_askers_time_is_an_end() -> None:
    progress = Progress(plan(), 0.0, 9.0)
    progress.reserve(["1"])
    assert progress.verdict(8.0, HANDS) is None
    verdict = progress.verdict(9.0, HANDS)
    assert verdict is not None
    assert verdict.condition == "cut"
    assert progress.due() == 9.0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=30))
def test_what_agents_did_follows_from_the_board_in_whatever_order_it_is_read(
    deeds: list[tuple[str, bool]],
) -> None:
    versions = [
        version(str(n), n + 1, "done", **done(who))
        if good
        else version(str(n), n + 1, "dead", errors=(f"{who}: no",))
        for n, (who, good) in enumerate(deeds)
    ]
    there, back = Progress(plan(), 0.0, None), Progress(plan(), 0.0, None)
    for one in versions:
        there.see(one.key, one, 0.0)
    for one in reversed(versions):
        back.found(one.key, one)
    assert there.tallies("abc") == back.tallies("abc")
    assert there.figures == back.figures
    assert sum(tally.done + tally.failed for tally in there.tallies("abc").values()) == len(deeds)


# -- names and places ----------------------------------------------------------------------------------------


def test_a_name_that_is_no_key_becomes_one_and_stays_its_own() -> None:
    named = plan(name_of=str)
    names = {item_name(named, one, "1", 1) for one in ("a\nb", "a\nc", "", "x" * 5000)}
    assert len(names) == 4
    assert all(len(name) <= 200 and name.isprintable() for name in names)
    assert item_name(named, "a b", "1", 1) == "a b"
    assert item_name(plan(), "a b", "1", 3) == "1.3"


def test_the_keys_of_a_swarm_within_a_swarm_are_not_under_its_own() -> None:
    assert not home("s/inner").startswith(home("s"))


# -- the monitor ---------------------------------------------------------------------------------------------


def figures(posted: int, done: int, findings: int = 0) -> Figures:
    return Figures(posted, posted - done, 0, done, 0, 0, findings)


def test_a_task_diverges_when_it_grows_fast_for_several_looks() -> None:
    watch = Watch(10)
    assert not watch.is_due(figures(50, 9))
    for look in range(1, LOOKS + 1):
        at = figures(30 * look, 10 * look, look)
        assert watch.is_due(at)
        view = watch.look("t", at, 0.0, {}, ())
        assert (view.look, view.growth, view.diverging) == (look, 3.0, look == LOOKS)
    assert len(watch.warnings) == 1
    slower = watch.look("t", figures(30 * LOOKS + 1, 10 * LOOKS + 10, LOOKS + 1), 0.0, {}, ())
    assert not slower.diverging


def test_a_task_stalls_when_several_looks_see_no_finding() -> None:
    watch = Watch(10)
    views = [watch.look("t", figures(100, 10 * n, 3), 0.0, {}, ()) for n in range(1, LOOKS + 2)]
    assert [view.stalled for view in views] == [False] * LOOKS + [True]
