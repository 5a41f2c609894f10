"""``shoal board show|get|history|diff|replay|export RUN``: what a run's board holds, and how it came to that.

They read the files of a run that is finished, was killed, or is running; without Ray, and without the models of the
values. :data:`board` is the group; whoever owns the command line mounts it with ``app.add_typer(board, name="board")``.
"""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.text import Text

from shoal.blackboard.replay.causes import Wanted
from shoal.blackboard.replay.deeds import ttl_text
from shoal.blackboard.replay.differing import difference_lines, difference_record
from shoal.blackboard.replay.entry_page import entry_page
from shoal.blackboard.replay.exporting import export
from shoal.blackboard.replay.finding import Where, run_status
from shoal.blackboard.replay.looking import (
    differences_between,
    entry_at,
    lease_at,
    leases_of,
    newest_versions,
    revision_asked,
    written_at,
)
from shoal.blackboard.replay.options import At, Key, Prefix, Region, StateStore
from shoal.blackboard.replay.page import Facts, board_page
from shoal.blackboard.replay.playing import replay
from shoal.blackboard.replay.reading import reading
from shoal.blackboard.replay.records import version_record
from shoal.blackboard.replay.stories import tell_key
from shoal.blackboard.replay.telling import print_stories
from shoal.runtime.terminal.data import json_line
from shoal.runtime.terminal.options import Json, Root, Run

board = typer.Typer(
    help="Look at a run's board: at any revision, who wrote what and why. Without Ray, also while it runs.",
    no_args_is_help=True,
)
_SHOWN = 50


@board.command()
def show(
    run: Run,
    region: Region = None,
    at: At = None,
    prefix: Prefix = "",
    limit: Annotated[
        int | None,
        typer.Option(min=0, help=f"So many entries; else {_SHOWN}, as JSON all.", show_default=False),
    ] = None,
    root: Root = None,
    state_store: StateStore = "",
    json: Json = False,
) -> None:
    """Show what was on the board, now or at a revision."""
    with reading("show", Where(run, root, region, state_store)) as (found, reader, messages, output):
        revision = revision_asked(reader, at)
        state = list(reader.entries_at(revision, prefix))
        if json:
            head = {"region": found.region, "revision": revision, "newest": reader.head}
            entries = [version_record(version) for version in state[:limit]]
            output.raw(
                json_line({**head, "oldest": reader.compacted, "count": len(state), "entries": entries})
            )
            return
        last = written_at(reader, revision)
        if last is not None:
            messages.look_for([Wanted(last.message_id, last.task, last.at)])
        facts = Facts(
            found.name, found.region, found.regions, revision, reader.head, reader.compacted, last,
            messages.of(last.message_id) if last is not None else None, run_status(found.directory), found.source,
        )  # fmt: skip
        limit = _SHOWN if limit is None else limit
        output.page(board_page(state, facts, prefix=prefix, limit=limit, now=time.time()))


@board.command()
def get(
    run: Run,
    key: Key,
    region: Region = None,
    at: At = None,
    root: Root = None,
    state_store: StateStore = "",
    json: Json = False,
) -> None:
    """Show one entry: its value, who wrote it because of which message, and how its work stands."""
    with reading("get", Where(run, root, region, state_store)) as (found, reader, messages, output):
        revision = revision_asked(reader, at)
        version = entry_at(reader, key, revision)
        if json:
            output.raw(json_line(version_record(version)))
            return
        causes = messages.chain(Wanted(version.message_id, version.task, version.at))
        ttl = ttl_text(lease_at(reader, version.lease, revision)) if version.lease is not None else ""
        output.page(entry_page(version, region=found.region, causes=causes, ttl=ttl, now=time.time()))


@board.command()
def history(
    run: Run,
    key: Key,
    region: Region = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help=f"The newest so many; else {_SHOWN}, as JSON all.", show_default=False),
    ] = None,
    root: Root = None,
    state_store: StateStore = "",
    json: Json = False,
) -> None:
    """Show what happened to one entry: each version, who wrote it, and what it changed."""
    with reading("history", Where(run, root, region, state_store)) as (_, reader, messages, output):
        if limit is None and not json:
            limit = _SHOWN
        past = newest_versions(reader, key, limit)
        if json:
            for version in past.versions:
                output.raw(json_line(version_record(version)))
            return
        if past.older:
            output.line(Text(f"{past.older:,} older ones (--limit {past.older + len(past.versions)})", "dim"))
        stories = tell_key(past.versions, past.before, leases_of(reader, past.all))
        print_stories(stories, messages, output, newest=reader.head, keys=False)


@board.command()
def diff(
    run: Run,
    before: Annotated[int, typer.Argument(min=0, help="A revision.", show_default=False)],
    after: Annotated[
        int | None, typer.Argument(min=0, help="Another; else the newest.", show_default=False)
    ] = None,
    region: Region = None,
    prefix: Prefix = "",
    root: Root = None,
    state_store: StateStore = "",
    json: Json = False,
) -> None:
    """Show which entries differ between two revisions, field by field."""
    with reading("diff", Where(run, root, region, state_store)) as (_, reader, _messages, output):
        first, second = revision_asked(reader, before), revision_asked(reader, after)
        found = differences_between(reader, first, second, prefix)
        for difference in found:
            if json:
                output.raw(json_line(difference_record(difference)))
            else:
                output.lines(difference_lines(difference))
        if not found and not json:
            output.line(Text(f"revisions {first} and {second} do not differ", "dim"))


board.command()(replay)
board.command()(export)
