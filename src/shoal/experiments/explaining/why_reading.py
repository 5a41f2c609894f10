"""Reads what is recorded beside the journal of why a task's answer is what it is: models' answers and the board."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from shoal.actors.llm.recorded import ModelCall
from shoal.actors.llm.spending import calls_of
from shoal.blackboard.errors import BoardError
from shoal.blackboard.persistence import open_region_reader, saved_regions
from shoal.blackboard.version import Version
from shoal.experiments.explaining.gathering import find_task, read_trace
from shoal.experiments.explaining.node import PARTIAL, Kind, Node
from shoal.experiments.explaining.trace import Trace
from shoal.experiments.explaining.why import Why, Written, explain, member_votes
from shoal.models.chat import ChatResponse
from shoal.runtime.config import Config
from shoal.runtime.journal.entries import OK
from shoal.runtime.journal.reader import RunReader
from shoal.runtime.terminal.data import data_of
from shoal.runtime.terminal.text import clipped, value_text

_CHARS = 400


def read_why(reader: RunReader, task: str) -> Why:
    """What the answer of a task rests on. Raises :class:`TaskUnknown`, ``StoreError``."""
    entry = find_task(reader, task)
    trace = read_trace(reader, task)
    answer = value_text(entry.result_tag, entry.result, _CHARS) if entry.result else ""
    said = said_by_models(trace, (call for call in calls_of(reader.path) if call.task == task))
    versions = dict(board_versions(trace, reader.path))
    members = member_votes(data_of(entry.result)) if entry.result else {}
    return explain(trace, answer=answer, said=said, versions=versions, members=members)


def said_by_models(trace: Trace, calls: Iterable[ModelCall]) -> dict[Node, str]:
    """The beginning of each model's answer: of the recorded call in the same handling, at the same step."""
    by_place: dict[tuple[str, Any, Any], list[ModelCall]] = defaultdict(list)
    for call in calls:
        by_place[call.message, call.step, call.sample].append(call)
    said = {}
    for _, node in trace.root.walk():
        if node.kind is not Kind.MODEL:
            continue
        place = node.cause, node.data.get("step"), node.data.get("sample", 0)
        answered = [call for call in by_place.get(place, ()) if call.response is not None]
        for call in sorted(answered, key=lambda one: abs(one.at - (node.ended_at or 0.0)))[:1]:
            if call.response is not None and node.outcome in (OK, PARTIAL):
                said[node] = _words(call.response)
    return said


def board_versions(trace: Trace, run: Path) -> Iterator[tuple[Node, list[Written]]]:
    """What each operation on the board read or wrote, as far as the board still has it."""
    wanted: dict[str, list[Node]] = defaultdict(list)
    for _, node in trace.root.walk():
        if node.kind is Kind.BOARD and isinstance(node.data.get("key"), str):
            wanted[str(node.data.get("region") or "main")].append(node)
    if not wanted:
        return
    for region in set(saved_regions(Config(), run)) & wanted.keys():
        with open_region_reader(Config(), run, region) as reader:
            for node in wanted[region]:
                revision = node.data.get("revision")
                try:
                    version = reader.get_at(node.data["key"], revision if isinstance(revision, int) else None)
                except BoardError:  # compacted, or a revision that it does not have
                    continue
                if version is not None:
                    yield node, [_written(region, version)]


def _written(region: str, version: Version) -> Written:
    value = value_text(*version.value, _CHARS) if version.value is not None else "deleted"
    return Written(
        region,
        version.key,
        version.mod_revision,
        version.version,
        version.author,
        version.message_id.hex(),
        version.task,
        version.at,
        value,
    )


def _words(response: ChatResponse) -> str:
    calls = [f"{one.name}({clipped(one.arguments, 100)})" for one in response.tool_calls]
    if calls:
        return clipped(f"calls {', '.join(calls)}", _CHARS)
    return clipped(response.text, _CHARS)
