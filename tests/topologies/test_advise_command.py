"""``shoal advise``: what people see, type and get."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from shoal import cli
from shoal.topologies.advice import command as advise_command
from shoal.topologies.advice.asking import interview, parsed
from shoal.topologies.advice.interview import QUESTIONS, Question
from shoal.topologies.advice.patterns import Pattern
from shoal.topologies.advice.traits import Parts, Traits

BY_TRAIT = {question.trait: question for question in QUESTIONS}


def advise(*arguments: str, width: int = 120) -> Result:
    return CliRunner(env={"COLUMNS": str(width)}).invoke(cli.app, ["advise", *arguments])


def said(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return " ".join(result.stdout.split())


def answering(monkeypatch: pytest.MonkeyPatch, *answers: str) -> tuple[Console, list[str]]:
    """A console on which these are typed; and what was shown to be answered."""
    console, left, shown = Console(quiet=True), list(answers), list[str]()

    def typed(prompt: Any) -> str:
        shown.append(str(prompt))
        if not left:
            raise EOFError
        return left.pop(0)

    monkeypatch.setattr(console, "input", typed)
    return console, shown


def test_without_a_reason_it_says_one_agent_how_to_build_it_and_what_to_measure() -> None:
    text = said(advise("--parts", "one"))
    assert text.startswith("One agent shoal.single")
    assert "shoal.single(Assistant())" in text
    assert "How often it chooses the right tool" in text


def test_with_a_reason_it_says_the_team_why_what_it_costs_and_what_to_avoid() -> None:
    text = said(advise("--parts", "fixed-order", "--no-context-fits"))
    assert text.startswith("Pipeline shoal.pipeline")
    assert "A task does not fit one context" in text
    assert "claimed 3-4 times one agent" in text
    assert re.search(r"fan_out +a fixed order", text)
    assert re.search(r"swarm +a fixed order", text)


def test_a_conflict_is_said_with_the_least_bad_choice() -> None:
    text = said(advise("--parts", "unknown", "--skills", "3", "--debuggable"))
    assert "would be for a swarm; against it: must be debuggable" in text
    assert "The least bad, instead: Orchestrator and workers" in text


def test_what_was_not_said_is_named_as_assumed() -> None:
    text = said(advise("--tools", "3"))
    assumed = text.partition("assumed ")[2]
    assert assumed.startswith("parts one, context-fits, no permissions-differ, skills 1")
    assert "tools" not in assumed


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal_but_one_of_code(width: int) -> None:
    result = advise("--parts", "fixed-order", "--tools", "30", "--fault-tolerant", "--reviewer", width=width)
    assert all(len(line) <= width for line in result.stdout.splitlines())


def test_as_json_it_gives_traits_and_advice() -> None:
    result = advise("--json", "--parts", "independent", "--latency-s", "9")
    record = json.loads(result.stdout)
    assert record["traits"]["parts"] == "independent"
    assert record["advice"]["pattern"] == Pattern.FAN_OUT
    assert record["advice"]["cost"] == [4, 5]
    assert "deadline_s=7.2" in record["advice"]["build"]


def test_without_options_and_without_a_terminal_it_names_the_way_out() -> None:
    result = advise()
    assert result.exit_code == 2
    assert "--parts one" in " ".join(result.output.replace("│", "").split())


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--parts", "many"), "many"),
        (("--latency-s", "nan"), "latency_s"),
        (("--latency-s", "0"), "latency_s"),
        (("--tools", "-1"), "tools"),
        (("--routing", "maybe"), "maybe"),
    ],
)
def test_a_trait_that_cannot_be_is_refused_and_named(arguments: tuple[str, ...], named: str) -> None:
    result = advise(*arguments)
    assert result.exit_code == 2
    assert named in result.output


def test_every_trait_has_its_option() -> None:
    text = advise("--help").stdout
    for trait in Traits.model_fields:
        assert f"--{trait.replace('_', '-')}" in text


# -- asking --------------------------------------------------------------------------------------------------------


def test_enter_takes_the_defaults_and_ends_after_seven_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    console, shown = answering(monkeypatch, *[""] * 7)
    assert interview(console) == Traits()
    assert len(shown) == 7


def test_an_answer_that_does_not_fit_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    console, shown = answering(monkeypatch, "9", "x", "3", "maybe", "n", "n", "n", "n")
    assert interview(console) == Traits(parts=Parts.FIXED_ORDER, context_fits=False)
    assert [line for line in shown if line.startswith("  1-6")] == ["  1-6, Enter: 1 > "] * 3
    assert len(shown) == 8


def test_what_is_typed_and_cannot_be_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    console, shown = answering(monkeypatch, "one", "y", "0", "n", "0", "1", "n", "n")
    assert interview(console) == Traits()
    assert shown[4:6] == ["  number, Enter: 1 > "] * 2


def test_a_team_is_asked_about_what_can_still_change_it_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    console, shown = answering(monkeypatch, "unknown", "n", "n", "n", "y")
    with pytest.raises(EOFError):
        interview(console)
    # How it divides, the context, reviewer, accuracy, agents; the sixth is the next of those that a swarm depends on.
    assert len(shown) == 6


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, typed: str, *arguments: str) -> Result:
    monkeypatch.setattr(advise_command, "can_ask", lambda: True)
    return CliRunner(env={"COLUMNS": "120"}).invoke(cli.app, ["advise", *arguments], input=typed)


def test_what_was_answered_is_given_as_options_for_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    result = at_a_terminal(monkeypatch, "unknown\nn\n\n\n\n\n1.5\n\ny\n\n\n\n")
    again = " ".join(result.stdout.split()).partition("again shoal ")[2].split()
    assert again[0] == "advise"
    assert "--no-context-fits" in again
    without = json.loads(advise("--json", *again[1:]).stdout)
    asked = at_a_terminal(monkeypatch, "unknown\nn\n\n\n\n\n1.5\n\ny\n\n\n\n", "--json")
    assert json.loads(asked.stdout) == without


def test_who_needs_nothing_is_given_an_option_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "again shoal advise --parts one" in said(at_a_terminal(monkeypatch, "\n" * 7))


def test_questions_go_beside_the_advice_and_not_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    result = at_a_terminal(monkeypatch, "\n" * 7, "--json")
    assert "How does the work divide?" in result.stderr
    assert json.loads(result.stdout)["advice"]["pattern"] == "single"


def test_interrupted_it_ends_with_130_and_advises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(console: Console) -> Traits:
        raise KeyboardInterrupt

    monkeypatch.setattr(advise_command, "interview", interrupted)
    result = at_a_terminal(monkeypatch, "")
    assert (result.exit_code, result.stdout) == (130, "")


def test_answers_that_stop_are_said_and_nothing_is_advised(monkeypatch: pytest.MonkeyPatch) -> None:
    result = at_a_terminal(monkeypatch, "one\n")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "nothing is advised" in result.stderr


@pytest.mark.parametrize(
    ("trait", "typed", "value"),
    [
        ("parts", "4", Parts.INDEPENDENT),
        ("parts", "Ind", Parts.INDEPENDENT),
        ("reviewer", "YES", True),
        ("tools", "12", 12),
        ("latency_s", "1.5", 1.5),
    ],
)
def test_what_is_typed_is_taken_as_it_is_meant(trait: str, typed: str, value: Any) -> None:
    assert parsed(BY_TRAIT[trait], typed) == value


@pytest.mark.parametrize(
    ("trait", "typed", "wanted"),
    [
        ("parts", "7", "1 to 6"), ("parts", "0", "1 to 6"), ("parts", "", "the word"), ("reviewer", "si", "y or n"),
        ("tools", "1.5", "a whole number"), ("latency_s", "soon", "seconds, as"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_says_what_is_wanted(trait: str, typed: str, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        parsed(BY_TRAIT[trait], typed)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.trait)
def test_every_question_ends_with_a_question_mark_and_choices_say_what_they_mean(question: Question) -> None:
    assert question.text.endswith("?")
    assert (question.kind == "choice") == bool(question.choices)
