from __future__ import annotations

from collections.abc import Callable, Hashable
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.blackboard.history import Operation
from tests.blackboard.linearizability import NotLinearizable, Undecided, check
from tests.blackboard.register_model import UNSAID, Answer, Read, Register, Request, Write
from tests.blackboard.simulated_region import PLAIN, Forget, History, Region, bare, simulate, told

SEEDS = st.integers(0, 2**32)
EVERYTHING = pytest.mark.parametrize("forget", [told, bare], ids=["with revisions", "without revisions"])


# -- what is accepted ------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.sampled_from([0.0, 0.1, 0.5]), st.sampled_from([1, 3]))
def test_what_clients_record_of_a_correct_region_is_accepted(seed: int, lost: float, keys: int) -> None:
    check(simulate(Random(seed), Region(), operations=150, keys=keys, lost=lost))


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.sampled_from([0.0, 0.1]), st.booleans())
def test_it_is_accepted_too_when_answers_show_only_some_of_the_state(
    seed: int, lost: float, few: bool
) -> None:
    random = Random(seed)

    def forget(request: Request, answer: Answer) -> Answer:
        shown = answer._replace(revision=random.choice([None, answer.revision]))
        shown = shown._replace(mod=random.choice([None, answer.mod]))
        return shown if isinstance(request, Read) else shown._replace(value=UNSAID)

    values = iter(lambda: random.randrange(3), None) if few else None
    check(simulate(random, Region(), operations=150, lost=lost, forget=forget, values=values))


@EVERYTHING
def test_thousands_of_operations_of_eight_clients_on_one_key_are_checked(forget: Forget) -> None:
    check(simulate(Random(7), Region(), operations=5_000, lost=0.02, requests=PLAIN, forget=forget))


def test_an_unknown_outcome_may_show_itself_late_or_never() -> None:
    lost = Operation("c1", "k", Write("x"), 0.0)
    before, after = read(1.0, "a"), read(2.0, "x")
    check([lost, before, after], {"k": Register("a", 1, 1)})
    check([lost, before], {"k": Register("a", 1, 1)})


def test_the_revision_of_a_lost_write_is_learnt_from_who_reads_it() -> None:
    lost = Operation("c1", "k", Write("x"), 0.0)
    seen = did(1.0, Read(), Answer(revision=9, value="x", mod=4))
    check([lost, seen, did(2.0, Write("y", expected_revision=4), Answer(revision=10))])
    with pytest.raises(NotLinearizable):
        check([lost, seen, did(2.0, Write("y", expected_revision=5), Answer(revision=10))])


def test_operations_at_the_same_moment_may_have_happened_in_either_order() -> None:
    write = Operation("c1", "k", Write("x"), 0.0, 5.0, Answer(revision=1))
    check([write, Operation("c2", "k", Read(), 5.0, 6.0, Answer(value=None))])
    with pytest.raises(NotLinearizable):
        check([write, Operation("c2", "k", Read(), 5.1, 6.0, Answer(value=None))])


# -- what is rejected ------------------------------------------------------------------------------------------


def did(at: float, request: Request, answer: Answer, client: str = "f") -> Operation:
    return Operation(client, "k", request, at, at + 0.5, answer)


def read(at: float, value: Hashable | None, mod: int | None = None) -> Operation:
    return did(at, Read(), Answer(value=value, mod=mod))


def stale_read(region: Region) -> list[tuple[Request, Answer]]:
    first, second = Write("old"), Write("new")
    old = region.execute("k0", first)
    new = region.execute("k0", second)
    return [(first, old), (second, new), (Read(), Answer(value="old", mod=old.revision))]


def lost_write(region: Region) -> list[tuple[Request, Answer]]:
    kept, lost = Write("kept"), Write("lost")
    before = region.execute("k0", kept)
    region.revision += 1
    return [
        (kept, before),
        (lost, Answer(revision=region.revision)),
        (Read(), Answer(revision=region.revision, value="kept", mod=before.revision)),
    ]


def two_swaps_from_one_revision(region: Region) -> list[tuple[Request, Answer]]:
    put = Write("first")
    seen = region.execute("k0", put)
    swap = Write("second", expected_revision=seen.revision)
    once = region.execute("k0", swap)
    again = region.execute("k0", Write("third"))
    return [(put, seen), (swap, once), (Write("third", expected_revision=seen.revision), again)]


def two_swaps_from_one_value(region: Region) -> list[tuple[Request, Answer]]:
    put = Write("first")
    seen = region.execute("k0", put)
    swap, other = Write("second", expected_value="first"), Write("third", expected_value="first")
    return [
        (put, seen),
        (swap, region.execute("k0", Write("second"))),
        (other, region.execute("k0", Write("third"))),
    ]


def a_refusal_although_the_value_was_as_expected(region: Region) -> list[tuple[Request, Answer]]:
    put = Write("first")
    return [
        (put, region.execute("k0", put)),
        (Write("second", expected_value="first"), Answer(False, region.revision)),
    ]


def a_deleted_entry_that_is_read(region: Region) -> list[tuple[Request, Answer]]:
    put, delete = Write("first"), Write(None)
    seen = region.execute("k0", put)
    gone = region.execute("k0", delete)
    region.entries["k0"] = "first", seen.revision or 0
    return [(put, seen), (delete, gone), (Read(), region.execute("k0", Read()))]


FAULTS = [
    stale_read,
    lost_write,
    two_swaps_from_one_value,
    a_refusal_although_the_value_was_as_expected,
    a_deleted_entry_that_is_read,
]
# An expected revision means nothing where none is recorded.
RECORDED = [(fault, forget) for fault in FAULTS for forget in (told, bare)] + [
    (two_swaps_from_one_revision, told)
]


@pytest.mark.parametrize(("fault", "forget"), RECORDED)
def test_a_fault_is_found_among_a_thousand_operations(
    fault: Callable[[Region], list[tuple[Request, Answer]]], forget: Forget
) -> None:
    random, region, values = Random(3), Region(), count()
    before = simulate(random, region, operations=500, lost=0.02, values=values, requests=PLAIN, forget=forget)
    now = max(op.returned or 0.0 for op in before) + 1.0
    wrong = []
    for step, (request, answer) in enumerate(fault(region)):
        wrong.append(Operation("f", "k0", request, now + step, now + step + 0.5, forget(request, answer)))
    after = simulate(
        random, region, operations=500, values=values, begin=now + len(wrong), requests=PLAIN, forget=forget
    )
    check(before)
    with pytest.raises(NotLinearizable):
        check([*before, *wrong, *after])


@EVERYTHING
def test_a_write_of_unknown_outcome_that_was_read_cannot_vanish_again(forget: Forget) -> None:
    region, put, read_it = Region(), Write("kept"), Read()
    kept = region.execute("k0", put)
    seen = Answer(value="uncommitted", mod=2, revision=2)
    gone = Answer(value="kept", mod=1, revision=2)
    history = [
        did(0.0, put, forget(put, kept)),
        Operation("c1", "k", Write("uncommitted"), 1.0),
        did(2.0, read_it, forget(read_it, seen)),
    ]
    check(history)
    with pytest.raises(NotLinearizable):
        check([*history, did(3.0, read_it, forget(read_it, gone))])


@EVERYTHING
@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_a_read_that_was_made_stale_is_found_wherever_it_is(forget: Forget, seed: int) -> None:
    random = Random(seed)
    history = simulate(random, Region(), operations=150, lost=0.05, requests=PLAIN, forget=forget)
    changed = _with_a_stale_read(random, history)
    if changed is not None:
        with pytest.raises(NotLinearizable):
            check(changed)


def _with_a_stale_read(random: Random, history: History) -> History | None:
    """One read shows a value that another write, done before the read was called, had surely replaced."""
    done = [
        op
        for op in history
        if isinstance(op.request, Write) and op.request.value is not None and op.answer and op.answer.done
    ]
    choices = [
        (number, old.request.value)
        for number, reading in enumerate(history)
        if isinstance(reading.request, Read) and reading.returned is not None
        for new in done
        if new.returned is not None and new.returned < reading.called
        for old in done
        if old.returned is not None and old.returned < new.called and isinstance(old.request, Write)
    ]
    if not choices:
        return None
    number, value = random.choice(choices)
    return [
        op._replace(answer=Answer(value=value)) if place == number else op for place, op in enumerate(history)
    ]


def test_revisions_that_go_back_between_two_keys_are_found() -> None:
    history = [
        Operation("c1", "a", Write("x"), 0.0, 1.0, Answer(revision=7)),
        Operation("c2", "b", Read(), 2.0, 3.0, Answer(revision=6, value=None)),
    ]
    with pytest.raises(NotLinearizable, match="revisions went back"):
        check(history)
    check([history[0], history[1]._replace(called=0.5)])


def test_two_writes_of_one_revision_are_found() -> None:
    history = [
        Operation("c1", "a", Write("x"), 0.0, 1.0, Answer(revision=7)),
        Operation("c2", "b", Write("y"), 0.5, 3.0, Answer(revision=7)),
    ]
    with pytest.raises(NotLinearizable, match="two writes have one revision"):
        check(history)


# -- what it tells ---------------------------------------------------------------------------------------------


def test_a_counterexample_shows_the_order_so_far_and_what_cannot_come_next() -> None:
    history = [
        did(0.0, Write("old"), Answer(revision=1), "ann"),
        did(1.0, Write("new"), Answer(revision=2), "bob"),
        did(2.0, Read(), Answer(value="old", mod=1), "cid"),
        Operation("dan", "k", Write("other"), 2.1),
    ]
    with pytest.raises(NotLinearizable) as caught:
        check(history)
    assert str(caught.value).splitlines() == [
        "key 'k': no order explains all answers. 2 of 4 operations can be ordered, the last so:",
        "  0.000000 .. 0.500000  ann 'k': write 'old' -> done at 1",
        "  1.000000 .. 1.500000  bob 'k': write 'new' -> done at 2",
        "Then there is 'new' of revision 2, and no order is possible of what must follow, the first of it "
        "by 2.500000:",
        "  2.000000 .. 2.500000  cid 'k': read -> found 'old' of revision 1",
        "Of unknown outcome, and possible at any time:",
        "  2.100000 ..         ?  dan 'k': write 'other' -> unknown outcome",
    ]


def test_a_search_that_takes_too_long_is_undecided_and_never_a_verdict() -> None:
    history = simulate(Random(1), Region(), operations=50)
    with pytest.raises(Undecided):
        check(history, limit=10)


def test_what_cannot_be_a_record_is_refused() -> None:
    with pytest.raises(ValueError, match="comes with the time"):
        check([Operation("c", "k", Read(), 0.0, None, Answer())])
    with pytest.raises(ValueError, match="before it was called"):
        check([Operation("c", "k", Read(), 1.0, 0.5, Answer())])
    with pytest.raises(ValueError, match="shows its revision, and nothing else"):
        check([did(0.0, Write("x"), Answer(revision=1, mod=1))])
    with pytest.raises(ValueError, match="never refused"):
        check([did(0.0, Read(), Answer(False))])
