"""Which tasks are shown, how their traces are folded, and what tables of costs add up to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.experiments.explaining.trace import TaskFacts, make_trace
from shoal.experiments.report.cost_tables import MOST as ROWS
from shoal.experiments.report.cost_tables import cost_tables
from shoal.experiments.report.folded_trace import ALIKE, DEPTH, folded
from shoal.experiments.report.svg_waterfall import waterfall
from shoal.experiments.report.task_sections import LEAD, MOST, text_of
from shoal.experiments.report.ticks import count_tick, money_tick, time_tick
from shoal.experiments.report.traffic import Amount
from shoal.experiments.report.worst_tasks import Why, WorstTasks
from shoal.experiments.result import Result, State
from shoal.runtime.journal.entries import MessageEntry
from tests.experiments.report.made_runs import HOSTILE

FACTS = TaskFacts("run", "t", "done", "team", "app:T", "00", 1, 0.0, 100.0)


def result(number: int, **fields: object) -> Result:
    """A task that was done."""
    base: dict[str, object] = {"task": f"t{number}", "case": f"t{number}", "state": State.DONE, "took_s": 1.0}
    return Result.model_validate({**base, **fields})


def sent(number: int, cause: int | None, at: float, tag: str = "app:T") -> MessageEntry:
    """A message because of another one."""
    because = None if cause is None else f"{cause:04x}"
    return MessageEntry(f"{number:04x}", because, "t", "a", "b", tag, 1, at, 0.5, "done", 0.1)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 100), st.integers(0, 50)), max_size=200))
def test_the_worst_tasks_are_those_that_sorting_finds(figures: list[tuple[float, float, int]]) -> None:
    worst = WorstTasks(most=5)
    results = [
        result(number, score=score, took_s=took, input_tokens=tokens, usd=tokens / 100)
        for number, (score, took, tokens) in enumerate(figures)
    ]
    for one in results:
        worst.add(one)
    found = worst.found()
    assert len({one.result.task for one in found}) == len(found)
    slowest = {one.result.task for one in found if Why.SLOWEST in one.why}
    assert slowest == {one.task for one in sorted(results, key=lambda one: -(one.took_s or 0))[:5]}
    lowest = [one for one in results if one.score is not None and one.score < 1]
    assert {one.result.task for one in found if Why.LOWEST in one.why} == {
        one.task for one in sorted(lowest, key=lambda one: one.score or 0)[:5]
    }


def test_a_task_that_is_the_worst_in_several_ways_is_there_once_with_all_of_them() -> None:
    worst = WorstTasks()
    worst.add(result(1, state=State.FAILED, score=0.0, took_s=9.0, input_tokens=5, usd=1.0, error="X"))
    (one,) = worst.found()
    assert one.why == (Why.FAILED, Why.SLOWEST, Why.DEAREST)


def test_many_alike_messages_are_folded() -> None:
    root = sent(0, None, 0.0)
    trace = make_trace(FACTS, [root, *(sent(number, 0, number / 10) for number in range(1, 40))])
    rows = folded(trace).rows
    assert sum(row.node is not None and row.depth == 2 for row in rows) == ALIKE
    assert f"{39 - ALIKE} more of message" in rows[-1].said


def test_a_deep_trace_is_folded_below() -> None:
    chain = [sent(number, number - 1 if number else None, number / 10) for number in range(40)]
    rows = folded(make_trace(FACTS, chain)).rows
    assert max(row.depth for row in rows if row.node is not None) == DEPTH
    assert rows[-1].said == f"{40 - DEPTH} spans below"


def test_a_long_trace_is_cut_and_says_so() -> None:
    many = [sent(0, None, 0.0), *(sent(number, 0, number / 10, f"app:T{number}") for number in range(1, 90))]
    rows = folded(make_trace(FACTS, many), most=20).rows
    assert len(rows) == 21
    assert rows[-1].said.startswith("and 71 more rows")


def test_a_folded_trace_keeps_the_nodes_that_are_shown_and_the_sums_of_all() -> None:
    many = [sent(0, None, 0.0), *(sent(number, 0, number / 1000) for number in range(1, 5000))]
    found = folded(make_trace(FACTS, many))
    assert found.sums.messages == 5000
    assert found.took_s == pytest.approx(100.1)  # the task itself took 100 s, from when its message waited
    assert len(found.rows) == ALIKE + 3
    assert all(not row.node.children for row in found.rows if row.node is not None)


def test_names_in_a_waterfall_are_escaped() -> None:
    drawn = waterfall(folded(make_trace(FACTS, [sent(0, None, 0.0, HOSTILE)])))
    assert "<script" not in drawn
    assert "\x1b" not in drawn


@given(st.dictionaries(st.text(max_size=4), st.tuples(st.integers(1, 99), st.integers(0, 99)), max_size=30))
def test_a_table_of_costs_holds_all_of_them(sums: dict[str, tuple[int, int]]) -> None:
    amounts = {
        name: Amount(calls=calls, input_tokens=calls, nano_usd=nano) for name, (calls, nano) in sums.items()
    }
    tables = cost_tables({"agent": amounts})
    if not sums:
        assert tables == []
        return
    rows = tables[0].rows
    assert len(rows) <= ROWS + 1
    assert sum(row.calls for row in rows) == sum(calls for calls, _ in sums.values())
    assert sum(row.share for row in rows) == pytest.approx(100)


def test_a_short_text_is_shown_whole_and_a_long_one_is_cut() -> None:
    assert text_of("input", {"text": "hello"}).lead == "hello"
    assert text_of("input", {"a": 1, "b": [2]}).lead == '{"a": 1, "b": [2]}'
    long = text_of("output", "word " * 5000)
    assert len(long.lead) <= LEAD
    assert len(long.whole) < MOST + 60
    assert long.whole.endswith(f"and {25_000 - MOST:,} more characters")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0"),
        (0.00005, "50 µs"),
        (0.05, "50 ms"),
        (1.5, "1.5 s"),
        (90, "90 s"),
        (240, "4 min"),
        (9000, "2.5 h"),
    ],
)
def test_times_at_an_axis_are_short(seconds: float, said: str) -> None:
    assert time_tick(seconds) == said


def test_counts_and_money_at_an_axis_are_short() -> None:
    assert [count_tick(value) for value in (0, 250, 1500, 200_000, 3e6)] == [
        "0",
        "250",
        "1,500",
        "200k",
        "3M",
    ]
    assert [money_tick(value) for value in (0, 0.002, 1.5, 2000)] == ["$0", "$0.002", "$1.5", "$2,000"]
