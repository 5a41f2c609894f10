"""The questions of :mod:`.advice_interview`, put to a person on a terminal."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from shoal.topologies.advice.interview import Question, next_question
from shoal.topologies.advice.traits import Traits


def interview(console: Console) -> Traits:
    """Ask until nothing that is left could change anything.

    Raises :class:`EOFError` when nobody answers any more.
    """
    traits, answered = Traits(), list[str]()
    while (question := next_question(traits, answered)) is not None:
        traits = ask(question, traits, console)
        answered.append(question.trait)
    console.print()
    return traits


def ask(question: Question, traits: Traits, console: Console) -> Traits:
    """Ask one question until there is an answer that fits."""
    console.print(Text(f"\n{question.text}", "bold"))
    if question.means:
        console.print(Padding(Text(question.means, "dim"), (0, 0, 0, 2)))
    default = getattr(traits, question.trait)
    for number, (value, means) in enumerate(question.choices, 1):
        console.print(Text.assemble((f"  {number} ", "cyan"), f"{value:<12} ", (means, "dim")))
    while True:
        typed = console.input(Text(f"  {_hint(question, default)} > ", "cyan")).strip()
        if not typed:
            return traits
        try:
            return _answered(traits, question.trait, parsed(question, typed))
        except ValueError as error:
            console.print(Text(f"  {error}", "red"))


def parsed(question: Question, typed: str) -> Any:
    """What was typed as a value. Raises :class:`ValueError` saying what is wanted."""
    match question.kind:
        case "choice":
            return _chosen(question, typed)
        case "yes-no":
            answer = {"y": True, "yes": True, "n": False, "no": False}.get(typed.lower())
            if answer is None:
                raise ValueError("y or n")
            return answer
        case "number":
            if not typed.isdecimal():
                raise ValueError("a whole number")
            return int(typed)
        case "seconds":
            try:
                return float(typed)
            except ValueError:
                raise ValueError("seconds, as 1.5") from None


def _chosen(question: Question, typed: str) -> Any:
    values = [value for value, _ in question.choices]
    if typed.isdecimal() and 1 <= int(typed) <= len(values):
        return values[int(typed) - 1]
    found = [value for value in values if str(value).startswith(typed.lower())]
    if len(found) != 1:
        raise ValueError(f"1 to {len(values)}, or the word")
    return found[0]


def _answered(traits: Traits, trait: str, value: Any) -> Traits:
    try:
        return Traits.model_validate({**traits.model_dump(), trait: value})
    except ValidationError as exc:
        raise ValueError(exc.errors()[0]["msg"]) from exc


def _hint(question: Question, default: Any) -> str:
    match question.kind:
        case "choice":
            place = [value for value, _ in question.choices].index(default) + 1
            return f"1-{len(question.choices)}, Enter: {place}"
        case "yes-no":
            return f"y/n, Enter: {'y' if default else 'n'}"
        case "number":
            return f"number, Enter: {default}"
        case "seconds":
            return "seconds, Enter: no limit"
