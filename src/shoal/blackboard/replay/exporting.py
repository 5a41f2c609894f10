"""``shoal board export``: every version that is kept, in order, as JSON lines."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from shoal.blackboard.persistence import RegionReader
from shoal.blackboard.replay.finding import Where
from shoal.blackboard.replay.looking import revision_asked
from shoal.blackboard.replay.options import Prefix, Region, StateStore
from shoal.blackboard.replay.reading import reading
from shoal.blackboard.replay.records import version_record
from shoal.blackboard.version import Version
from shoal.runtime.durable.sqlite_errors import describe_os_error
from shoal.runtime.terminal.data import json_line
from shoal.runtime.terminal.options import Root, Run
from shoal.runtime.terminal.output import notice


def export(
    run: Run,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Into this file; else to standard output.", show_default=False),
    ] = None,
    at: Annotated[
        int | None,
        typer.Option(
            min=0, help="Only what was there at this revision; else all of history.", show_default=False
        ),
    ] = None,
    prefix: Prefix = "",
    region: Region = None,
    root: Root = None,
    state_store: StateStore = "",
    secrets: Annotated[
        bool,
        typer.Option(
            "--secrets", help="Values as they are stored: what looks like a secret is not redacted."
        ),
    ] = False,
) -> None:
    """Write a board's history as JSON lines: one object for each version of an entry."""
    with reading("export", Where(run, root, region, state_store)) as (_, reader, _messages, _output):
        if at is None:
            versions = kept_versions(reader, prefix)
        else:
            versions = reader.entries_at(revision_asked(reader, at), prefix)
        count = 0
        with sink(output) as stream:
            for version in versions:
                stream.write(f"{json_line(version_record(version, secrets=secrets))}\n".encode())
                count += 1
        if at is None and reader.compacted:
            notice(
                f"revisions up to {reader.compacted:,} were compacted: of those, what was still there then"
            )
        if output is not None and not _is_stdout(output):
            notice(f"{count:,} versions in {output}")


def kept_versions(reader: RegionReader, prefix: str) -> Iterator[Version]:
    """All versions under a prefix, in the order of revisions: what is left of compacted ones, then every commit."""
    compacted, newest = reader.compacted, reader.head
    left = sorted(reader.entries_at(compacted, prefix), key=lambda version: version.mod_revision)
    commits = reader.commits(compacted + 1, newest) if newest > compacted else iter(())
    later = (version for version in chain.from_iterable(commits) if version.key.startswith(prefix))
    return chain(left, later)


@contextlib.contextmanager
def sink(output: Path | None) -> Iterator[BinaryIO]:
    """Where to write: standard output, or a file that is there when all of it is written. Raises ``StoreError``."""
    if output is None or _is_stdout(output):
        stream = typer.get_binary_stream("stdout")
        yield stream
        stream.flush()
        return
    whole = not output.exists() or output.is_file()
    draft = (
        output.with_name(f".{output.name}-{os.urandom(4).hex()}") if whole else output
    )  # a pipe is no file
    try:
        try:
            with draft.open("wb") as file:
                yield file
            if whole:
                draft.replace(output)
        except BaseException:
            if whole:
                draft.unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise describe_os_error(exc, output, "write") from exc


def _is_stdout(output: Path) -> bool:
    return str(output) == "-"
