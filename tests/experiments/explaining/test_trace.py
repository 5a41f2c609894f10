"""The trace of a task: where each thing lies, what it sums up to, and what is said to be missing."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from shoal.experiments.explaining.node import Kind, Node
from shoal.experiments.explaining.trace import Trace, make_trace
from shoal.experiments.explaining.trace_records import trace_record
from shoal.runtime.journal.entries import MessageEntry
from tests.experiments.explaining.scene import TASK, event, facts, hex_id, message, model, span, team


def shape(trace: Trace) -> list[tuple[int, str]]:
    """The tree as depths and agents."""
    return [(depth, node.agent) for depth, node in trace.root.walk()]


def node_of(trace: Trace, name: str) -> Node:
    """The handling of a message."""
    return next(node for _, node in trace.root.walk() if node.message_id == hex_id(name))


def test_a_message_lies_under_the_handling_that_sent_it() -> None:
    assert shape(make_trace(facts(), team())) == [
        (0, "team"), (1, "team"), (2, "team/one"), (3, "team/checker"), (2, "team/two"), (2, "team/writer"),
    ]  # fmt: skip


def test_a_model_call_lies_in_its_handling_and_its_tokens_and_money_add_up_to_the_top() -> None:
    spans = [
        model("b", "team/one", 0.2),
        model("d", "team/writer", 1.2, given=5, taken=7, usd=0.5, attempts=3),
    ]
    trace = make_trace(facts(), team(), spans)
    assert [child.kind for child in node_of(trace, "d").children] == [Kind.MODEL]
    sums = trace.root.sums
    assert (sums.messages, sums.calls, sums.input_tokens, sums.output_tokens, sums.usd) == (
        5,
        4,
        105,
        17,
        0.51,
    )
    assert node_of(trace, "b").sums.usd == 0.01
    assert sums.failed == 1


def test_a_call_without_a_known_price_makes_the_sum_a_lower_bound() -> None:
    assert not make_trace(facts(), team(), [model("b", "team/one", 0.2, priced=False)]).root.sums.priced


def test_a_cause_that_is_not_journaled_leaves_a_gap_that_is_named_and_loses_nothing() -> None:
    lost = [
        message("x", "gone", "team/ghost", "team/one", 0.5),
        message("y", "gone", "team/ghost", "team/two", 0.6),
    ]
    trace = make_trace(facts(), [*team(), *lost], [span("gone", "team/ghost", "tool", "look", 0.55)])
    gap = next(node for _, node in trace.root.walk() if node.kind is Kind.GAP)
    assert (gap.agent, gap.message_id, len(gap.children)) == ("team/ghost", hex_id("gone"), 3)
    assert any("1 message that caused others is not in the journal" in said for said in trace.missing)


def test_a_run_that_does_not_journal_messages_says_how_to_get_them() -> None:
    spans = [model("", "team/one", 0.2, step=1)._replace(parent=""), model("x", "team/two", 0.3)]
    dead = event("dead_letter", "team/gone", 0.3, TASK, id="ff00", sender="team/one", reason="no_agent")
    trace = make_trace(facts(journals_messages=False), [], spans, [dead])
    assert [node.kind for node in trace.root.children] == [Kind.MODEL, Kind.MODEL, Kind.DEAD_LETTER]
    (said,) = trace.missing  # and no gap, which would give another reason
    assert "journal='messages'" in said


def test_a_span_that_was_noted_again_is_there_once() -> None:
    first = model("b", "team/one", 0.2)
    trace = make_trace(facts(), team(), [first, first._replace(at=first.at + 9.0)])
    assert [child.at for child in node_of(trace, "b").children if child.kind is Kind.MODEL] == [first.at]
    assert trace.root.sums.calls == 1


def test_a_task_without_any_message_says_why_that_may_be() -> None:
    assert "killed" in make_trace(facts(), []).missing[0]
    assert "a tenth of a second later" in make_trace(facts(ended_at=None), []).missing[0]


def test_messages_that_were_dropped_are_told() -> None:
    assert any("1,200 messages" in said for said in make_trace(facts(dropped=1200), team()).missing)


def test_a_message_that_is_handled_again_has_two_nodes_and_what_each_sent_lies_under_it() -> None:
    entries = [
        message("a", None, "local", "team", 0.0, 0.5, outcome="died"), message("b", "a", "team", "team/one", 0.1),
        message("a", None, "local", "team", 1.0, 1.0), message("c", "a", "team", "team/two", 1.2),
    ]  # fmt: skip
    first, second = make_trace(facts(attempts=2), entries).root.children
    assert [child.agent for child in first.children] == ["team/one"]
    assert [child.agent for child in second.children] == ["team/two"]
    assert (first.run_again, second.run_again) == (0, 1)
    assert first.id != second.id


def test_causes_in_a_circle_end_and_are_told() -> None:
    circle = [
        message("x", "y", "team/two", "team/one", 0.5),
        message("y", "x", "team/one", "team/two", 0.6),
        message("z", "z", "team/three", "team/three", 0.7),
    ]
    trace = make_trace(facts(), [*team(), *circle])
    assert sum(node.kind is Kind.MESSAGE for _, node in trace.root.walk()) == 8
    assert any("circle" in said for said in trace.missing)


def test_a_restart_is_noted_at_the_message_that_its_agent_had_or_waited_for() -> None:
    events = [
        event("restarting", "team/one", 0.3, reason="killed"),
        event("restarting", "team/writer", 0.7, reason="killed"),
        event("restarting", "team/other", 0.3),
        event("started", "team/one", 0.3),
    ]
    trace = make_trace(facts(), team(), events=events)
    assert [note.text for note in node_of(trace, "b").notes] == ["killed"]
    assert [note.agent for note in trace.root.notes] == ["team/writer"]


def test_a_dead_letter_is_put_under_its_sender_and_marked_as_inferred() -> None:
    dead = event(
        "dead_letter", "team/gone", 0.3, TASK, id="ff00", sender="team/one", tag="app:Note", reason="no_agent"
    )
    trace = make_trace(facts(), team(), events=[dead])
    letter = node_of(trace, "b").children[-1]
    assert (letter.kind, letter.agent, letter.outcome, letter.inferred) == (
        Kind.DEAD_LETTER, "team/gone", "no_agent", True,
    )  # fmt: skip


def test_a_dead_letter_of_a_message_that_has_a_row_is_told_there_and_not_a_second_time() -> None:
    dead = event(
        "dead_letter",
        "team/two",
        0.5,
        TASK,
        id=hex_id("c"),
        sender="team",
        reason="handler_error",
        detail="no ticket",
    )
    trace = make_trace(facts(), team(), events=[dead])
    assert node_of(trace, "c").data["detail"] == "no ticket"
    assert not [node for _, node in trace.root.walk() if node.kind is Kind.DEAD_LETTER]


def test_work_that_goes_on_after_the_result_reaches_beyond_the_task() -> None:
    trace = make_trace(facts(), [*team(), message("z", "a", "team", "team/late", 2.8, 2.0)])
    assert trace.ended_at == 1004.8
    assert trace.root.took_s == 3.0


def test_the_agents_are_those_that_handled_something_in_the_order_of_their_first() -> None:
    assert make_trace(facts(), team()).agents == (
        "team",
        "team/one",
        "team/two",
        "team/checker",
        "team/writer",
    )


def test_a_chain_of_ten_thousand_messages_becomes_a_tree_and_json_without_recursion() -> None:
    chain = [message(f"m{n}", f"m{n - 1}" if n else None, "a", "b", n * 0.001) for n in range(10_000)]
    trace = make_trace(facts(), chain)
    record = json.loads(json.dumps(trace_record(trace)))
    assert record["spans"][-1]["depth"] == 10_000
    assert record["sums"]["messages"] == 10_000


def test_the_record_has_each_span_behind_the_one_it_lies_in_and_no_secret() -> None:
    spans = [
        span("b", "team/one", "tool", "look", 0.2, data={"api_key": "sk-abcdefghijklmnopqrstuvwxyz012345"})
    ]
    record = trace_record(make_trace(facts(), team(), spans))
    known = set()
    for one in record["spans"]:
        assert one["parent"] is None or one["parent"] in known
        known.add(one["id"])
    assert len(known) == len(record["spans"]) == 7
    assert "abcdefghijklmnop" not in json.dumps(record)


NAMES = st.sampled_from("abcdefgh")
ENTRIES = st.lists(
    st.builds(
        message,
        NAMES, st.none() | NAMES | st.just("zz"), NAMES, NAMES, st.floats(0, 3),
    ),
    max_size=25,
)  # fmt: skip


@given(ENTRIES)
def test_whatever_the_journal_says_each_message_is_in_the_tree_once(entries: list[MessageEntry]) -> None:
    trace = make_trace(facts(), entries)
    nodes = [node for _, node in trace.root.walk()]
    assert len(nodes) == len(set(nodes))
    assert sorted(n.message_id for n in nodes if n.kind is Kind.MESSAGE) == sorted(e.id for e in entries)
    assert trace.root.sums.messages == len(entries)
    assert len({node.id for node in nodes}) == len(nodes)
