"""From an answer back to what led to it: who answered whom in time, what was heard before, who wrote what was read."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

from rich.console import Console

from shoal.experiments.explaining.node import Node
from shoal.experiments.explaining.trace import Trace, make_trace
from shoal.experiments.explaining.why import Role, Why, Written, explain
from shoal.experiments.explaining.why_board import MOST
from shoal.experiments.explaining.why_page import why_page, why_record
from shoal.experiments.explaining.why_reading import read_why
from shoal.runtime.journal.reader import RunReader
from tests.experiments.explaining.boards import make_board_run
from tests.experiments.explaining.scene import BEGIN, TASK, event, facts, hex_id, message, model, span, team


def walk(why: Why) -> list[tuple[int, str, str]]:
    """The walk as depth, role and agent."""
    return [(link.depth, link.role.value, link.node.agent if link.node else "") for link in why.links]


def page_of(why: Why) -> str:
    console = Console(width=120, record=True, file=StringIO())
    console.print(why_page(why))
    return console.export_text()


def nodes(trace: Trace, kind: str) -> list[Node]:
    return [node for _, node in trace.root.walk() if node.kind.value == kind]


def test_the_walk_goes_from_the_answer_back_the_last_first_and_names_who_gave_none() -> None:
    assert walk(explain(make_trace(facts(), team()))) == [
        (0, "answered", "team"),
        (1, "answered", "team/writer"),
        (1, "answered", "team/one"),
        (2, "answered", "team/checker"),
        (1, "no answer", "team/two"),
    ]


def test_an_answer_that_came_after_its_asker_had_ended_was_not_used() -> None:
    late = message("l", "a", "team", "team/slow", 0.1, 10.0)
    links = explain(make_trace(facts(), [*team(), late])).links
    assert [link.role for link in links if link.node and link.node.agent == "team/slow"] == [Role.LATE]


def test_what_a_handling_told_somebody_is_no_cause_of_its_answer() -> None:
    told = message("l", "a", "team", "team/log", 0.1, kind="tell")
    assert "team/log" not in [agent for _, _, agent in walk(explain(make_trace(facts(), [*team(), told])))]


def test_what_the_same_agent_had_handled_before_is_inferred_and_led_back_to_who_sent_it() -> None:
    entries = [
        message("a", None, "local", "front", 0.0, 2.0),
        message("b", "a", "front", "peer", 0.1, 0.1, kind="tell"),
        message("c", "b", "peer", "front", 0.3, 0.1, kind="tell"),
    ]
    why = explain(make_trace(facts(), entries))
    assert walk(why) == [(0, "answered", "front"), (1, "heard before", "front"), (2, "sent by", "peer")]
    assert [link.recorded for link in why.links] == [True, False, True]


def test_what_a_model_said_stands_at_its_call() -> None:
    trace = make_trace(facts(), team(), [model("d", "team/writer", 1.2)])
    (call,) = nodes(trace, "model")
    (link,) = [link for link in explain(trace, said={call: "fine"}).links if link.role is Role.MODEL]
    assert link.said == "fine"
    assert any("not recorded for all calls" in said for said in explain(trace).unknown)


def test_an_entry_that_was_read_leads_to_who_wrote_it_and_why() -> None:
    entries = [
        *team(),
        message("w", "b", "team/one", "team/scribe", 0.2, 0.2, kind="tell"),
    ]
    spans = [
        span("w", "team/scribe", "board", "put", 0.3, data={"operation": "put", "key": "k"}),
        span("d", "team/writer", "board", "get", 1.2, data={"operation": "get", "key": "k"}),
    ]
    trace = make_trace(facts(), entries, spans)
    read = nodes(trace, "board")[-1]
    written = Written("main", "k", 7, 2, "team/scribe", hex_id("w"), TASK, BEGIN + 0.31, '"x"')
    other = written._replace(key="o", message_id="ffff", task="t99")
    links = explain(trace, versions={read: [written, other]}).links
    mine, foreign = [link for link in links if link.written is not None]
    if mine.node is None:
        mine, foreign = foreign, mine
    assert mine.node is not None
    assert (mine.role, mine.node.agent, foreign.node) == (Role.WRITER, "team/scribe", None)


def test_a_board_that_was_asked_stands_there_as_the_operation_only() -> None:
    asked = message("x", "b", "team/one", "board/main", 0.2, 0.01)
    assert "board/main" not in [agent for _, _, agent in walk(explain(make_trace(facts(), [*team(), asked])))]


def test_the_second_handling_of_a_message_counts_when_the_first_ended_in_a_death() -> None:
    entries = [
        message("a", None, "local", "team", 0.0, 0.5, outcome="died"),
        message("b", "a", "team", "team/one", 0.1),
        message("a", None, "local", "team", 1.0, 1.0),
        message("c", "a", "team", "team/two", 1.2),
    ]
    found = walk(explain(make_trace(facts(attempts=2), entries)))
    assert found[0] == (0, "answered", "team")
    assert (1, "answered", "team/two") in found
    assert (1, "answered", "team/one") not in found


def test_a_task_without_messages_says_so_and_ends() -> None:
    why = explain(make_trace(facts(journals_messages=False), []))
    assert why.links == ()
    assert "journal='messages'" in why.unknown[0]


def test_a_chain_of_five_thousand_asks_is_walked_without_recursion() -> None:
    chain = [
        message(f"m{n}", f"m{n - 1}" if n else None, "x", f"a{n}", n * 1e-4, 1.0 - n * 1e-4)
        for n in range(5000)
    ]
    assert len(explain(make_trace(facts(message_id=hex_id("m0")), chain)).links) == 5000


def test_many_messages_to_one_agent_take_time_for_each_once() -> None:
    entries = [message("a", None, "local", "front", 0.0, 2.9)]
    entries += [message(f"m{n}", "a", "front", "front", n * 1e-4, 1e-5, kind="tell") for n in range(5000)]
    assert len(explain(make_trace(facts(), entries)).links) <= 10_001


def test_a_model_that_answered_nothing_has_answered() -> None:
    trace = make_trace(facts(), team(), [model("d", "team/writer", 1.2)])
    (call,) = nodes(trace, "model")
    why = explain(trace, said={call: ""})
    assert [link.said for link in why.links if link.role is Role.MODEL] == [""]
    assert why.unknown == ()
    assert "model said tiny “”" in page_of(why)


def test_a_model_call_that_failed_has_no_answer_that_could_be_recorded() -> None:
    failed = model("d", "team/writer", 1.2)._replace(outcome="timeout")
    assert explain(make_trace(facts(), team(), [failed])).unknown == ()


def test_without_messages_the_models_answers_are_there_all_the_same() -> None:
    spans = [model("x", "team/one", 0.2), model("y", "team/two", 0.4)]
    trace = make_trace(facts(journals_messages=False), [], spans)
    why = explain(trace, said={node: node.agent for node in nodes(trace, "model")})
    assert [(link.depth, link.role, link.said) for link in why.links] == [
        (0, Role.MODEL, "team/two"),
        (0, Role.MODEL, "team/one"),
    ]
    (said,) = why.unknown
    assert "journal='messages'" in said


def test_what_an_operation_read_and_cannot_be_told_is_said_once_and_only_where_it_is_shown() -> None:
    spans = [
        span("d", "team/writer", "board", "range", 1.2, data={"operation": "range", "key": "k/"}),
        span("d", "team/writer", "board", "range", 1.3, data={"operation": "range", "key": "k/"}),
        span("zz", "team/other", "board", "range", 1.3, data={"operation": "range", "key": "z/"}),
    ]
    trace = make_trace(facts(), team(), spans)
    read = {node: f"what range {node.data['key']} read is not kept" for node in nodes(trace, "board")}
    said = explain(trace, unread=read).unknown
    assert [one for one in said if "is not kept" in one] == ["what range k/ read is not kept"]


async def test_what_was_read_by_a_prefix_leads_to_each_who_wrote_it(tmp_path: Path) -> None:
    await make_board_run(tmp_path)
    with RunReader(tmp_path / "board") as reader:
        why = read_why(reader, "range")
        written = [link.written for link in why.links if link.written is not None]
        assert [(one.key, one.revision, one.value) for one in written] == [
            ("notes/2", 2, '"two"'),
            ("notes/1", 1, '"one"'),
        ]
        assert [link.node.agent for link in why.links if link.written is not None and link.node] == ["w", "w"]
        assert why.unknown == ()
        history = [link.written for link in read_why(reader, "history").links if link.written is not None]
        assert sorted((one.revision, one.version) for one in history) == [(1, 1), (3, 2)]


async def test_what_the_board_keeps_no_more_or_a_span_does_not_say_is_told_as_unknown(tmp_path: Path) -> None:
    await make_board_run(tmp_path, compact=True)
    with RunReader(tmp_path / "board") as reader:
        (compacted,) = read_why(reader, "range").unknown
        assert "what range notes/ read is not kept: revision " in compacted
        (first,) = read_why(reader, "transaction").unknown
        assert "the first key only of transaction notes/1" in first
        (elsewhere,) = read_why(reader, "volatile").unknown
        assert "board 'scratch' is not known" in elsewhere


async def test_of_many_entries_under_a_prefix_the_newest_are_shown(tmp_path: Path) -> None:
    await make_board_run(tmp_path)
    with RunReader(tmp_path / "board") as reader:
        why = read_why(reader, "many")
    written = [link.written for link in why.links if link.written is not None]
    assert len(written) == MOST
    assert any(f"of the {MOST + 5} versions" in said for said in why.unknown)


def test_a_real_run_is_walked_to_the_model_and_the_writer_of_what_was_read(run_dir: Path) -> None:
    with RunReader(run_dir) as reader:
        why = read_why(reader, "t-1")
    assert why.answer == '"a fine answer: hello"'
    said = [link.said for link in why.links if link.role is Role.MODEL]
    assert said == ["a fine answer"]
    (writer,) = [link for link in why.links if link.role is Role.WRITER]
    assert writer.written is not None
    assert (writer.written.author, writer.written.key, writer.written.value) == (
        "notes",
        "notes/t-1",
        '"hello"',
    )
    assert writer.node is not None
    assert writer.node.agent == "notes"
    assert json.loads(json.dumps(why_record(why)))["links"][0]["role"] == "answered"


def test_a_failed_task_is_walked_to_what_failed(run_dir: Path) -> None:
    with RunReader(run_dir) as reader:
        why = read_why(reader, "t-bad")
    assert [agent for _, role, agent in walk(why) if role == "no answer"] == ["front", "checker"]


def test_events_alone_change_nothing() -> None:
    events = [event("restarting", "team/one", 0.3)]
    assert walk(explain(make_trace(facts(), team(), events=events))) == walk(
        explain(make_trace(facts(), team()))
    )
