"""``shoal approvals list|show|approve|reject|edit|answer``: what waits for a person, and the person's word.

They read and write the run's file, whether its program runs or not. :data:`approvals` is the group; whoever owns the
command line mounts it with ``app.add_typer(approvals, name="approvals")``.
"""

from __future__ import annotations

import json as json_module
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from shoal.actors.approvals.client import who_runs_this
from shoal.actors.approvals.errors import DecisionUnfit, RequestUnknown
from shoal.actors.approvals.finding import Place, find_place
from shoal.actors.approvals.page import decided_line, empty_line, list_page, request_page
from shoal.actors.approvals.request import Decision, Request, State
from shoal.actors.approvals.request_file import RequestFile
from shoal.actors.approvals.showing import json_text
from shoal.runtime.terminal.options import Root
from shoal.runtime.terminal.output import Output, one_line_errors

approvals = typer.Typer(
    help="See what waits for a person, and decide. Also while the run is down; silence is a refusal.",
    no_args_is_help=True,
)
_RUN_HELP = "A run's name, or the path of its directory; else the newest that has asked somebody."
_Run = Annotated[str | None, typer.Option("--run", help=_RUN_HELP, show_default=False)]
_Id = Annotated[str, typer.Argument(metavar="ID", help="Its id, or the beginning of it.", show_default=False)]
_Note = Annotated[str, typer.Option(help="Why; the agent is told.", show_default=False)]
_By = Annotated[str, typer.Option(help="Who decides; else who runs this.", show_default=False)]
_Json = Annotated[bool, typer.Option("--json", help="As JSON, one request a line.")]


@approvals.command("list")
def list_requests(
    run: Annotated[str | None, typer.Argument(metavar="RUN", help=_RUN_HELP, show_default=False)] = None,
    every: Annotated[bool, typer.Option("--all", help="Those that are over too.")] = False,
    root: Root = None,
    json: _Json = False,
) -> None:
    """List what waits for a person: what it is, since when, and for how long."""
    with _opened("list", run, root, read_only=True) as (place, file, output):
        now = time.time()
        requests = file.list(State if every else [State.PENDING], now)
        if json:
            for request in requests:
                output.raw(_record(request))
        elif requests:
            output.page(list_page(requests, place, every=every, now=now))
        else:
            output.line(empty_line(place, every=every))


@approvals.command()
def show(request: _Id, run: _Run = None, root: Root = None, json: _Json = False) -> None:
    """Show one request in full."""
    with _opened("show", run, root, read_only=True) as (place, file, output):
        now = time.time()
        found = _find(file, place, request, now)
        if json:
            output.raw(_record(found))
        else:
            output.page(request_page(found, place, now=now))


@approvals.command()
def approve(request: _Id, note: _Note = "", by: _By = "", run: _Run = None, root: Root = None) -> None:
    """Let it go on as it is."""
    _decide("approve", request, State.APPROVED, None, note, by, run, root)


@approvals.command()
def reject(request: _Id, note: _Note = "", by: _By = "", run: _Run = None, root: Root = None) -> None:
    """Refuse it."""
    _decide("reject", request, State.REJECTED, None, note, by, run, root)


@approvals.command()
def edit(
    request: _Id,
    value: Annotated[str, typer.Option(help="What to use instead, whole, as JSON.", show_default=False)] = "",
    file: Annotated[
        Path | None, typer.Option(help="A file with that JSON; - is the standard input.", show_default=False)
    ] = None,
    note: _Note = "",
    by: _By = "",
    run: _Run = None,
    root: Root = None,
) -> None:
    """Let it go on with other arguments or another payload."""
    with one_line_errors("approvals edit"):
        text = json_text(_parsed(request, value, file))
    _decide("edit", request, State.EDITED, text, note, by, run, root)


@approvals.command()
def answer(
    request: _Id,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The answer.", show_default=False)],
    note: _Note = "",
    by: _By = "",
    run: _Run = None,
    root: Root = None,
) -> None:
    """Answer a question."""
    _decide("answer", request, State.ANSWERED, json_text(text), note, by, run, root)


def _decide(
    command: str, request: str, state: State, value: str | None, note: str, by: str, run: str | None,
    root: Path | None,
) -> None:  # fmt: skip
    with _opened(command, run, root) as (place, file, output):
        now = time.time()
        found = _find(file, place, request, now)
        decision = Decision(state=state, by=by or who_runs_this(), at=now, note=note, value=value)
        output.line(decided_line(file.decide(found.id, decision, now), place))


@contextmanager
def _opened(
    command: str, run: str | None, root: Path | None, *, read_only: bool = False
) -> Iterator[tuple[Place, RequestFile, Output]]:
    with one_line_errors(f"approvals {command}"):
        place = find_place(run, root)
        with RequestFile(place.directory, create=False, read_only=read_only) as file:
            yield place, file, Output()


def _find(file: RequestFile, place: Place, request: str, now: float) -> Request:
    try:
        return file.find(request, now)
    except RequestUnknown as error:
        raise RequestUnknown(
            f"{error.text} in run {place.name} (--run names another)", **error.details
        ) from error


def _parsed(request: str, value: str, file: Path | None) -> Any:
    if bool(value) == (file is not None):
        raise DecisionUnfit("give the new value with --value or with --file, one of them", request=request)
    try:
        if file is not None:
            value = (
                typer.get_text_stream("stdin").read()
                if str(file) == "-"
                else file.read_text(encoding="utf-8")
            )
        return json_module.loads(value)
    except UnicodeDecodeError as exc:
        raise DecisionUnfit(f"the value is no text in UTF-8 (byte {exc.start})", request=request) from exc
    except ValueError as exc:
        raise DecisionUnfit(f"the value is no JSON: {exc}", request=request) from exc
    except RecursionError as exc:
        raise DecisionUnfit("the value is nested too deep", request=request) from exc


def _record(request: Request) -> str:
    data = request.model_dump(mode="json") | {"value": request.data}
    if request.decision is not None:
        data["decision"]["value"] = request.decided_data
    return json_module.dumps(data, ensure_ascii=True)
