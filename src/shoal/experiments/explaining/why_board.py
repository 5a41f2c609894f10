"""What a task's operations on the board read, as far as the board still has it.

A span names a region, a key or a prefix, and a revision; what stood there then is looked up in the region's history.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from shoal.blackboard.errors import BoardError
from shoal.blackboard.persistence import RegionReader, open_region_reader, saved_regions
from shoal.blackboard.spec import MAIN
from shoal.blackboard.version import Version
from shoal.experiments.explaining.node import Kind, Node
from shoal.experiments.explaining.trace import Trace
from shoal.experiments.explaining.why import Written, operation_of, writes
from shoal.runtime.config import Config
from shoal.runtime.terminal.text import clipped, value_text

MOST = 50
"""Versions that are shown of one operation, the newest."""
STATES = 100
"""Of each region, states of so many revisions are looked up: each is read whole."""
_CHARS = 400
_KEY_CHARS = 80
_IN_PART = {
    "transaction": "recorded is the first key only of {}: what else it read or wrote is not known",
    "diff": "not recorded is which two revisions {} compared",
}


class BoardReads(NamedTuple):
    """What operations on the board read."""

    versions: dict[Node, list[Written]]
    unread: dict[Node, str]
    """Those of which that cannot be told, or not all of it, and why."""


def read_board(trace: Trace, run: Path) -> BoardReads:
    """Look up the operations of a task. ``run``: its directory. Raises ``StoreError``."""
    wanted: dict[str, list[Node]] = defaultdict(list)
    for _, node in trace.root.walk():
        if node.kind is not Kind.BOARD or node.failed or not isinstance(node.data.get("key"), str):
            continue
        if operation_of(node) in _IN_PART or not writes(node):
            wanted[str(node.data.get("region") or MAIN)].append(node)
    found = BoardReads({}, {})
    if not wanted:
        return found
    saved = set(saved_regions(Config(), run))
    for region, nodes in wanted.items():
        if region not in saved:
            why = f"what was read from board {region!r} is not known: it is not kept in the run's directory"
            found.unread.update(dict.fromkeys(nodes, why))
            continue
        with open_region_reader(Config(), run, region) as reader:
            _Lookup(region, reader, found).all(nodes)
    return found


class _Lookup:
    """In one region."""

    def __init__(self, region: str, reader: RegionReader, found: BoardReads) -> None:
        self._region = region
        self._reader = reader
        self._found = found

    def all(self, nodes: Iterable[Node]) -> None:
        """Each of these; those under a prefix by revision, so that each state is read once."""
        by_revision: dict[int, list[Node]] = defaultdict(list)
        for node in nodes:
            revision, operation = node.data.get("revision"), operation_of(node)
            if operation in _IN_PART:
                self._found.unread[node] = _IN_PART[operation].format(_about(node))
            elif not isinstance(revision, int):
                self._found.unread[node] = f"not recorded is at which revision {_about(node)} was"
            elif operation == "range":
                by_revision[revision].append(node)
            else:
                self._of_key(node, operation, revision)
        for number, revision in enumerate(sorted(by_revision)):
            self._of_prefixes(revision, by_revision[revision], over=number >= STATES)

    def _of_key(self, node: Node, operation: str, revision: int) -> None:
        key = node.data["key"]
        try:
            if operation == "history":
                kept = [one for one in self._reader.history(key) if one.mod_revision <= revision]
                self._take(node, kept)
                return
            version = self._reader.get_at(key, revision)
        except BoardError as error:
            self._lost(node, error)
            return
        self._take(node, [version] if version is not None else [])

    def _of_prefixes(self, revision: int, nodes: list[Node], *, over: bool) -> None:
        if over:
            why = f"ranges at more than {STATES} revisions of board {self._region!r} were not looked up"
            self._found.unread.update(dict.fromkeys(nodes, why))
            return
        try:
            state = list(self._reader.entries_at(revision))
        except BoardError as error:
            for node in nodes:
                self._lost(node, error)
            return
        for node in nodes:
            self._take(node, [one for one in state if one.key.startswith(node.data["key"])])

    def _take(self, node: Node, versions: list[Version]) -> None:
        newest = sorted(versions, key=lambda one: one.mod_revision)[-MOST:]
        if newest:
            self._found.versions[node] = list(self._written(newest))
        if len(versions) > MOST:
            self._found.unread[node] = (
                f"of the {len(versions):,} versions that {_about(node)} may have read, the newest {MOST} are shown"
            )

    def _lost(self, node: Node, error: BoardError) -> None:
        self._found.unread[node] = f"what {_about(node)} read is not kept: {clipped(error.text, _CHARS)}"

    def _written(self, versions: Iterable[Version]) -> Iterator[Written]:
        for one in versions:
            value = value_text(*one.value, _CHARS) if one.value is not None else "deleted"
            yield Written(
                self._region, one.key, one.mod_revision, one.version, one.author, one.message_id.hex(), one.task,
                one.at, value,
            )  # fmt: skip


def _about(node: Node) -> str:
    return f"{operation_of(node)} {clipped(str(node.data.get('key', '')), _KEY_CHARS)}".strip()
