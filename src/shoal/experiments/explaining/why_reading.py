"""Reads what is recorded of why a task's answer is what it is: the journal, models' answers and the board."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from shoal.actors.llm.recorded import ModelCall
from shoal.actors.llm.spending import calls_of
from shoal.experiments.explaining.answer_records import member_votes
from shoal.experiments.explaining.gathering import find_task, read_trace
from shoal.experiments.explaining.node import PARTIAL, Kind, Node
from shoal.experiments.explaining.trace import Trace
from shoal.experiments.explaining.why import Why, explain
from shoal.experiments.explaining.why_board import read_board
from shoal.models.chat import ChatResponse
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
    board = read_board(trace, reader.path)
    members = member_votes(data_of(entry.result)) if entry.result else {}
    return explain(
        trace, answer=answer, said=said, versions=board.versions, members=members, unread=board.unread
    )


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


def _words(response: ChatResponse) -> str:
    calls = [f"{one.name}({clipped(one.arguments, 100)})" for one in response.tool_calls]
    if calls:
        return clipped(f"calls {', '.join(calls)}", _CHARS)
    return clipped(response.text, _CHARS)
