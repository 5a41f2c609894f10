"""``shoal advise``: from a task's traits to the simplest pattern that fits.

:func:`advise` is the command; whoever owns the command line mounts it with ``app.command()(advise)``.
"""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Collection
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from shoal.runtime.config import describe_invalid
from shoal.runtime.terminal.output import Output
from shoal.topologies.advice.advice import Advice, advice_for
from shoal.topologies.advice.asking import interview
from shoal.topologies.advice.page import advice_page
from shoal.topologies.advice.traits import Parts, Routing, Traits


def advise(
    parts: Annotated[
        Parts | None,
        typer.Option(metavar="HOW", help=f"How the work divides: {', '.join(Parts)}.", show_default="one"),
    ] = None,
    context_fits: Annotated[
        bool | None,
        typer.Option(
            "--context-fits/--no-context-fits", help="A task fits one model's context.", show_default="yes"
        ),
    ] = None,
    tools: Annotated[int | None, typer.Option(help="Tools that it needs, in all.", show_default="0")] = None,
    permissions_differ: Annotated[
        bool | None,
        typer.Option("--permissions-differ", help="Some of it needs rights that the rest must not have."),
    ] = None,
    skills: Annotated[
        int | None, typer.Option(help="Kinds of work that need instructions of their own.", show_default="1")
    ] = None,
    reviewer: Annotated[
        bool | None, typer.Option("--reviewer", help="A separate reviewer finds what the author misses.")
    ] = None,
    accuracy_over_speed: Annotated[
        bool | None, typer.Option("--accuracy-over-speed", help="Being right is worth more time and money.")
    ] = None,
    agents: Annotated[
        int | None, typer.Option(help="Agents that are expected to work on it.", show_default="1")
    ] = None,
    routing: Annotated[
        Routing | None,
        typer.Option(
            metavar="WHEN",
            help=f"When it is known who must do a task: {', '.join(Routing)}.",
            show_default="known",
        ),
    ] = None,
    latency_s: Annotated[
        float | None, typer.Option(help="Seconds in which an answer must be there.", show_default=False)
    ] = None,
    accountable: Annotated[
        bool | None, typer.Option("--accountable", help="One place must answer for the result.")
    ] = None,
    debuggable: Annotated[
        bool | None,
        typer.Option("--debuggable", help="It must be possible to follow why it did what it did."),
    ] = None,
    fault_tolerant: Annotated[
        bool | None, typer.Option("--fault-tolerant", help="It must go on while any part of it is down.")
    ] = None,
    tight_budget: Annotated[
        bool | None, typer.Option("--tight-budget", help="Tokens are what it must save.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON: traits and advice.")] = False,
) -> None:
    """Name the simplest team for a task, what to avoid, and why. It begins with one agent.

    Without options it asks, on a terminal.
    """
    given = {name: value for name, value in locals().items() if name != "json" and value is not None}
    traits = _traits(given) if given else _asked()
    advice = advice_for(traits)
    output = Output()
    if json:
        output.raw(json_module.dumps(_record(traits, advice), ensure_ascii=False, indent=2))
    else:
        last = ("assumed", _assumed(given)) if given else ("again", f"shoal advise {_as_options(traits)}")
        output.page(advice_page(advice, *last))


def _traits(given: dict[str, Any]) -> Traits:
    try:
        return Traits.model_validate(given)
    except ValidationError as exc:
        raise typer.BadParameter(describe_invalid("a trait", exc)) from exc


def can_ask() -> bool:
    """Whether somebody sits there."""
    return sys.stdin.isatty()


def _asked() -> Traits:
    if not can_ask():
        raise typer.BadParameter(
            "nothing is said about the task, and nobody can be asked here. Give at least one trait, as --parts one; "
            "the rest have defaults. All of them: shoal advise --help"
        )
    console = Console(stderr=True, highlight=False)
    try:
        return interview(console)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except EOFError:
        console.print("\n[red]shoal advise:[/red] no more answers; nothing is advised")
        raise typer.Exit(1) from None


def _as_options(traits: Traits) -> str:
    """What was answered, as options that need no question; at least one of them."""
    options = []
    for name, value in traits.model_dump(mode="json", exclude_defaults=True).items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            options.append(f"--{option}" if value else f"--no-{option}")
        else:
            options.append(f"--{option} {value:g}" if isinstance(value, float) else f"--{option} {value}")
    return " ".join(options) or f"--parts {traits.parts}"


def _assumed(said: Collection[str]) -> str:
    """The traits that were not given, with their defaults."""
    defaults = Traits()
    rest = []
    for name in Traits.model_fields:
        value = getattr(defaults, name)
        option = name.replace("_", "-")
        if name in said:
            continue
        if value is None or value is False:
            rest.append(f"no {option}")
        else:
            rest.append(option if value is True else f"{option} {value}")
    return ", ".join(rest)


def _record(traits: Traits, advice: Advice) -> dict[str, Any]:
    return {
        "traits": traits.model_dump(mode="json"),
        "advice": advice.model_dump(mode="json") | {"build": advice.build},
    }
