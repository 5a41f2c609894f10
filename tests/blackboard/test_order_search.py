from __future__ import annotations

from collections.abc import Hashable, Iterator
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.blackboard.history import Operation, describe
from tests.blackboard.linearizability import NotLinearizable, check
from tests.blackboard.register_model import UNSAID, Answer, Read, Write
from tests.blackboard.simulated_region import History, Region, simulate

SEEDS = st.integers(0, 2**32)


def explained(history: History, value: Hashable, mod: int, revision: int, most: int) -> bool:
    """Whether some order and some revisions explain all answers, tried one by one."""
    if all(op.returned is None for op in history):
        return True
    for number, op in enumerate(history):
        if any(other.returned is not None and other.returned < op.called for other in history):
            continue
        rest = history[:number] + history[number + 1 :]
        if any(explained(rest, *state, most) for state in _outcomes(op, value, mod, revision, most)):
            return True
    return False


def _outcomes(
    op: Operation, value: Hashable, mod: int, revision: int, most: int
) -> Iterator[tuple[Hashable, int, int]]:
    request, answer = op.request, op.answer or Answer()
    fits = isinstance(request, Write) and (
        request.expected_revision in (None, mod)
        and request.expected_value in (UNSAID, value)
        and (request.value is not None or value is not None)
    )
    if isinstance(request, Write) and answer.done:
        for made in range(revision + 1, most + 1) if fits else ():
            if answer.revision in (None, made):
                yield request.value, 0 if request.value is None else made, made
    elif not fits and answer.value in (UNSAID, value) and answer.mod in (None, mod):
        for reached in range(revision, most + 1):
            if answer.revision in (None, reached):
                yield value, mod, reached


ANY_REQUEST = st.one_of(
    st.just(Read()),
    st.builds(
        Write,
        st.sampled_from(["a", "b", None]),
        st.none() | st.integers(0, 4),
        st.sampled_from([UNSAID, UNSAID, "a", None]),
    ),
)
ANSWERS = st.builds(
    Answer,
    st.booleans(),
    st.none() | st.integers(0, 5),
    st.sampled_from([UNSAID, "a", "b", None]),
    st.none() | st.integers(0, 4),
)


@st.composite
def short_histories(draw: st.DrawFn) -> History:
    """Up to six operations of a correct region whose answers are then partly forgotten, or made up."""
    random = Random(draw(SEEDS))
    values = iter(lambda: random.choice(["a", "b"]), None)
    size = draw(st.integers(1, 6))
    lost = draw(st.sampled_from([0.0, 0.4]))
    history = simulate(random, Region(), operations=size, clients=3, lost=lost, values=values)
    for number, op in enumerate(history):
        answer = op.answer
        if answer is None:
            continue
        if draw(st.integers(0, 5)) == 0:
            answer = draw(ANSWERS)
        request = draw(ANY_REQUEST) if draw(st.integers(0, 7)) == 0 else op.request
        done = answer.done or isinstance(request, Read)
        shown = draw(st.lists(st.sampled_from(["revision", "value", "mod"]), unique=True))
        if done and isinstance(request, Write):
            shown = [name for name in shown if name == "revision"]
        kept = {name: getattr(answer, name) for name in shown}
        history[number] = op._replace(request=request, answer=Answer(done, **kept))
    return history


@settings(max_examples=200, deadline=None)
@given(short_histories())
@example(
    [
        Operation("c1", "k0", Write("a"), 0.0),
        Operation("c2", "k0", Read(), 1.0, 2.0, Answer(revision=3)),
        Operation("c2", "k0", Read(), 3.0, 4.0, Answer(value="a", mod=3)),
    ]
)
def test_the_verdict_is_that_of_trying_every_order_and_every_revision(history: History) -> None:
    told = [told for op in history if op.answer for told in (op.answer.revision, op.answer.mod) if told]
    expected = explained(history, None, 0, 0, max([5, *told]) + len(history))
    try:
        check(history)
        verdict = True
    except NotLinearizable:
        verdict = False
    assert verdict == expected, "\n".join(map(describe, history))
