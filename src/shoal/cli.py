"""The ``shoal`` command line. A command's module is loaded when it is used: what others need must not slow it down."""

from __future__ import annotations

import platform
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from shoal.runtime.terminal.streams import take_any_text

_PANELS = {
    "Experiments": {
        "demo": ("demo.command", "Compare four teams on a question about Python's library; no key."),
        "init": ("experiments.starting.command", "Write a first experiment, which needs no key."),
        "check": ("experiments.file.command", "Check an experiment file; estimate its calls and cost."),
        "run": ("experiments.running.command", "Run an experiment: its team, or each of its teams."),
        "resume": ("experiments.running.command", "Go on with a run that was stopped or killed."),
        "compare": ("experiments.comparing.command", "Hold teams against each other and a single agent."),
        "report": ("experiments.report.command", "Write a report of one run or several: one HTML file."),
        "schema": ("experiments.file.command", "Print the JSON Schema of experiment files, for editors."),
    },
    "Look at a run": {
        "runs": ("runtime.journal.command", "List runs, the newest first."),
        "show": ("runtime.journal.command", "Show a run: tasks, failures, restarts, last events."),
        "trace": ("experiments.explaining.trace_command", "Show who handled a task, when, and at what cost."),
        "why": ("experiments.explaining.why_command", "Show what a task's answer rests on."),
        "failures": (
            "experiments.explaining.failures_command",
            "Show what did not go well in a run, by cause.",
        ),
        "cost": ("actors.llm.cost_command", "Show what a run's model calls took: tokens, dollars."),
        "replay": ("experiments.replaying.command", "Play a task again in this process, without network."),
        "board": ("blackboard.replay.command", "Look at a run's board, at any revision."),
        "approvals": ("actors.approvals.command", "See what waits for a person, and decide."),
    },
    "Beside them": {
        "audit": ("demo.audit_command", "Audit a Python source tree with a team; no key."),
        "advise": ("topologies.advice.command", "Name the simplest team for a task, and why."),
        "bench": ("bench.command", "Measure shoal beside plain Ray actors."),
        "metrics": ("runtime.metrics_command", "Print how Prometheus finds the running systems."),
        "topology": ("topologies.showing.command", "Look at topologies."),
        "model": ("models.command", "Serve a small model on this machine, without a key."),
        "version": ("cli", "Print the versions of shoal, Ray and Python."),
    },
}
"""By panel of the help: each command, the module that has the function or group of its name, a line for the list."""
_MODULES = {name: module for commands in _PANELS.values() for name, (module, _) in commands.items()}


class _Commands(TyperGroup):
    def __init__(self, **settings: Any) -> None:
        listed = {
            name: TyperCommand(name, help=summary, rich_help_panel=panel)
            for panel, commands in _PANELS.items()
            for name, (_, summary) in commands.items()
        }
        super().__init__(**{**settings, "commands": listed})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return _loaded(cmd_name) if cmd_name in self.commands else None

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Of what is listed: this needs no command loaded."""
        listing = TyperGroup(
            name=self.name,
            commands=dict(self.commands),
            help=self.help,
            params=self.params,
            rich_markup_mode=self.rich_markup_mode,
        )
        listing.format_help(ctx, formatter)


@cache
def _loaded(name: str) -> Any:
    found: Any = getattr(import_module(f"shoal.{_MODULES[name]}"), name)
    if isinstance(found, typer.Typer):
        group = get_group(found)
        group.name = name
        return group
    alone = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    alone.command(name)(found)
    return get_command(alone)


app = typer.Typer(
    cls=_Commands,
    help="shoal: an actor-model runtime for multi-agent systems on Ray.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def version() -> None:
    """Print the versions of shoal, Ray and Python that are in use."""
    typer.echo(f"shoal {_version('shoal')}, ray {_version('ray')}, python {platform.python_version()}")


def _version(package: str) -> str:
    try:
        return package_version(package)
    except PackageNotFoundError:
        return "(not installed)"


def _say_version(asked: bool) -> None:
    if asked:
        version()
        raise typer.Exit


@app.callback()
def _shoal(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="The same as `shoal version`."),
    ] = False,
) -> None:
    take_any_text()  # before any command: not all of them print pages through Output
