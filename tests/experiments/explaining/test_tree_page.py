"""A trace on a terminal: what a line says, what is folded, and that it fits."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from shoal.experiments.explaining.figures import (
    many,
    offset_text,
    short_count,
    span_text,
    tokens_text,
    usd_text,
)
from shoal.experiments.explaining.folding import chosen, lines_of
from shoal.experiments.explaining.message_page import message_page
from shoal.experiments.explaining.trace import Trace, make_trace
from shoal.experiments.explaining.tree_page import bar_text, trace_page
from tests.experiments.explaining.scene import TASK, event, facts, message, model, span, team


def page_of(trace: Trace, width: int = 120, **options: bool | int) -> str:
    console = Console(width=width, record=True, file=StringIO())
    console.print(trace_page(trace, width=width, **options))  # type: ignore[arg-type]
    return console.export_text()


def wide(count: int) -> Trace:
    """A task that asked many agents; the hundredth failed."""
    asked = [
        message(f"m{n}", "a", "team", f"team/w{n}", 0.1, 0.001, outcome="expired" if n == 100 else "done")
        for n in range(count)
    ]
    return make_trace(facts(), [*team(), *asked])


def test_a_line_says_who_handled_what_for_how_long_and_at_what_cost() -> None:
    spans = [
        model("b", "team/one", 0.2, given=1204, taken=312, retries=1),
        span("b", "team/one", "tool", "look", 0.3),
    ]
    text = page_of(make_trace(facts(), team(), spans))
    assert "team/one handles Ticket" in text
    assert "1,204→312" in text
    assert "1 retry" in text
    assert "⚙ look" in text
    assert "handler_error team/two" in text
    assert "3.00 s · 5 messages · 5 agents · 1 model request · 1,204 tokens in, 312 out · $0.0100" in text


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    chain = [message(f"m{n}", f"m{n - 1}" if n else None, "a" * 40, "b" * 40, n * 0.01) for n in range(60)]
    for trace in (wide(50), make_trace(facts(), chain)):
        assert max(map(len, page_of(trace, width).splitlines())) <= width


def test_a_wide_task_is_folded_and_what_failed_stays() -> None:
    text = page_of(wide(226))
    assert "… 217 more" in text
    assert "expired team/w100" in text
    assert "--full" in text
    assert "… " not in page_of(wide(226), full=True)


def test_a_depth_folds_what_lies_deeper_with_its_sums() -> None:
    trace = make_trace(facts(), team(), [model("b", "team/one", 0.2)])
    text = page_of(trace, depth=1)
    assert "… 5 more, 1 failed" in text
    assert "100→10" in text
    assert "team/writer" not in text


def test_restarts_dead_letters_and_gaps_have_lines_of_their_own() -> None:
    events = [
        event("restarting", "team/one", 0.3, reason="its process died"),
        event(
            "dead_letter",
            "team/gone",
            0.4,
            TASK,
            id="ff",
            sender="team/one",
            tag="app:Note",
            reason="no_agent",
        ),
    ]
    lost = message("x", "gone", "team/ghost", "team/one", 0.5)
    text = page_of(make_trace(facts(), [*team(), lost], events=events))
    assert "↻ restarting its process died" in text
    assert "no_agent Note → team/gone not handled" in text
    assert "team/ghost handled a message that is not journaled" in text
    assert "! 1 message that caused others" in text


def test_an_open_task_and_a_failed_one_say_so() -> None:
    assert "open" in page_of(make_trace(facts(ended_at=None, state="submitted"), team()))
    failed = page_of(
        make_trace(facts(state="failed", error="StepLimit", error_text="12 [steps]\nno more"), team())
    )
    assert "StepLimit: 12 [steps] no more" in failed


def test_text_of_others_commands_no_terminal() -> None:
    text = page_of(make_trace(facts(task="t\x1b[31m"), [message("a", None, "local", "te\x1bam", 0.0)]))
    assert "\x1b" not in text


def test_a_list_of_messages_has_each_with_its_cause() -> None:
    console = Console(width=120, record=True, file=StringIO())
    console.print(message_page(make_trace(facts(), team()), most=3))
    text = console.export_text()
    assert "local → team" in text
    assert "… 2 more" in text
    assert "5 messages" in text


def test_bars_stand_where_the_time_was_and_never_vanish() -> None:
    assert bar_text(0, 10, 10, 8) == "████████"
    assert bar_text(5, 5, 10, 8) == "    ████"
    assert bar_text(0, 1e-9, 10, 8) == "▏"
    assert bar_text(10, 0, 10, 8) == "       ▏"
    assert bar_text(0, None, 10, 4) == "████"
    assert bar_text(-5, 100, 10, 4) == "████"
    assert bar_text(0, 0, 0, 4) == "████"


def test_lines_of_a_tree_come_in_its_order_with_the_rails_of_what_follows() -> None:
    lines = list(lines_of(make_trace(facts(), team()).root))
    assert [line.depth for line in lines] == [0, 1, 2, 3, 2, 2]
    assert lines[3].rails == (False, True)


def test_of_many_children_those_in_trouble_the_first_and_the_longest_stay_in_their_order() -> None:
    root = wide(226).root.children[0]
    shown, left_out = chosen(root.children, 6)
    assert len(shown) == 6
    assert len(left_out) == len(root.children) - 6
    assert {"team/w100", "team/two", "team/writer"} <= {node.agent for node in shown}
    assert [node.at for node in shown] == sorted(node.at or 0.0 for node in shown)


def test_figures_are_short() -> None:
    assert [span_text(each) for each in (None, 0.0001, 0.0124, 0.34, 3.4159, 125)] == [
        "?", "100 µs", "12.4 ms", "340 ms", "3.42 s", "2 min 5 s",
    ]  # fmt: skip
    assert [offset_text(each) for each in (0.0041, 12.345, 1234.5)] == ["0.004", "12.35", "1234"]
    assert [short_count(each) for each in (9999, 12_345, 4_500_000)] == ["9,999", "12.3k", "4.5M"]
    assert tokens_text(0, 0) == usd_text(0) == ""
    assert [usd_text(1.5), usd_text(0.0012), usd_text(0.000001), usd_text(0.5, priced=False)] == [
        "$1.50", "$0.0012", "$1.0e-06", "$0.5000+",
    ]  # fmt: skip
    assert many(1, "message") == "1 message"


def test_what_was_taken_back_is_no_failure() -> None:
    back = message("x", "a", "team", "team/slow", 0.2, outcome="cancelled")
    trace = make_trace(facts(), [*team(), back])
    assert trace.root.sums.failed == 1
    assert "team/slow handles Ticket  cancelled" in page_of(trace)


def test_names_are_no_markup() -> None:
    odd = [message("a", None, "[red]local", "te[bold]am:ticket:", 0.0, tag="[/]")]
    console = Console(width=120, record=True, file=StringIO())
    console.print(message_page(make_trace(facts(), odd)))
    for text in (console.export_text(), page_of(make_trace(facts(task="[red]t[/blue]"), odd))):
        assert "te[bold]am:ticket:" in text
        assert "[/]" in text
