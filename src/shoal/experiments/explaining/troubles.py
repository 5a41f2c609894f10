"""What went wrong on the way, also of tasks that ended well: read off messages, events, spans, calls and answers. Pure.

Each is something that was recorded. What MAST calls it is named where the record alone shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from shoal.actors.llm.recorded import ModelCall
from shoal.experiments.explaining.answer_records import record_of
from shoal.experiments.explaining.causes.cause import Category, Cause
from shoal.experiments.explaining.causes.table import TABLE
from shoal.experiments.explaining.trouble_kinds import KINDS
from shoal.runtime.journal.entries import DONE, OK, MessageEntry, SpanEntry
from shoal.runtime.journal.happenings import DEAD_LETTER
from shoal.runtime.journal.reader import EventEntry
from shoal.topologies.answers.fan_out_result import FanOutResult
from shoal.topologies.review.debate_record import DebateRecord
from shoal.topologies.transfers.transfer import HandoffRecord, Passed

REPEATED = 3
"""So many calls of a tool with the same arguments by an agent for a task are a repetition."""
_EXAMPLES = 3
_OTHER = Cause(Category.NOT_KNOWN, "", "Something did not end well.", "Look at the tasks: `shoal trace`.")


class Trouble(NamedTuple):
    """Things of one kind that went wrong."""

    kind: str
    """As ``dead letter: expired``."""
    cause: Cause
    times: int
    tasks: int
    """In how many tasks; 0: it belongs to none."""
    examples: tuple[str, ...]
    detail: str
    """What the first of them says."""


class Troubles:
    """Gathers them; give it what there is, in any order."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._tasks: dict[str, dict[str, None]] = {}
        self._details: dict[str, str] = {}

    def add(self, kind: str, task: str | None, detail: str = "", count: int = 1) -> None:
        """So many of a kind."""
        self._counts[kind] = self._counts.get(kind, 0) + count
        tasks = self._tasks.setdefault(kind, {})
        if task is not None:
            tasks[task] = None
        if detail:
            self._details.setdefault(kind, detail.strip().partition("\n")[0])

    def found(self) -> list[Trouble]:
        """All of them, the most frequent first."""
        return [
            Trouble(
                kind,
                _meaning(kind),
                count,
                len(self._tasks[kind]),
                tuple(self._tasks[kind])[:_EXAMPLES],
                self._details.get(kind, ""),
            )
            for kind, count in sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        ]

    def of_messages(self, messages: Iterable[MessageEntry]) -> None:
        """Handlers that raised or were tried again. Other outcomes are dead letters, and told as events."""
        for message in messages:
            who = f"{message.recipient} on {message.tag}"
            if message.outcome == "handler_error":
                self.add("handler raised", message.task, who)
            elif message.outcome == "handler_timeout":
                self.add("handler ran too long", message.task, who)
            if message.attempt > 1 and message.outcome == DONE:
                self.add("handled at another try", message.task, who)

    def of_events(self, events: Iterable[EventEntry]) -> None:
        """Dead letters, restarts, agents that were given up, results that came too late."""
        for event in events:
            data, who = event.data, event.agent or ""
            if event.kind == DEAD_LETTER:
                reason = str(data.get("reason", ""))
                if reason not in ("handler_error", "handler_timeout"):
                    self.add(
                        f"dead letter: {reason}",
                        event.task,
                        f"{data.get('sender', '')} -> {who}: {data.get('detail', '')}",
                    )
            elif event.kind in ("restarting", "gave_up", "start_failed"):
                name = {"restarting": "restart", "gave_up": "given up", "start_failed": "start failed"}[
                    event.kind
                ]
                self.add(name, event.task, f"{who}: {data.get('reason', '')}")
            elif event.kind == "late_result":
                self.add("late result", event.task)

    def of_spans(self, spans: Iterable[SpanEntry]) -> None:
        """Model calls that failed, were retried or fell back; tools that failed."""
        for span in spans:
            if span.outcome not in (OK, "partial") and span.kind in ("model", "tool", "board"):
                self.add(f"{span.kind}: {span.outcome}", span.task, f"{span.agent}: {span.name}")
            if span.kind == "model":
                retries = span.data.get("retries")
                if isinstance(retries, int) and retries > 0:
                    self.add("model retried", span.task, f"{span.agent}: {span.name}", retries)
                if span.data.get("fallback"):
                    self.add("model fell back", span.task, f"{span.agent}: {span.name}")

    def of_calls(self, calls: Iterable[ModelCall]) -> None:
        """Steps that were repeated, and answers that were asked for again."""
        made: dict[tuple[str, str, str, int], list[ModelCall]] = {}
        dialogues: dict[tuple[str, str, str, int, str], list[ModelCall]] = {}
        for call in calls:
            key = call.agent, call.task, call.sender, call.sample
            made.setdefault(key, []).append(call)
            # By the message too: of two that are handled at once the steps end in any order.
            dialogues.setdefault((*key, call.message), []).append(call)
        for (agent, task, *_), steps in dialogues.items():
            self._repairs(agent, task, sorted(steps, key=lambda call: call.at))
        for (agent, task, *_), steps in made.items():
            self._repetitions(agent, task, steps)

    def of_answer(self, task: str, answer: Any) -> None:
        """What a team's answer says itself of how it came about; of one that says nothing, nothing."""
        if (voted := record_of(answer, FanOutResult)) is not None:
            for member, why in voted.missing.items():
                self.add("member without a usable answer", task, f"{member}: {why}")
            for first in (*voted.dissent, *voted.conflicts)[:1]:
                self.add("members disagreed", task, str(first))
        if (debated := record_of(answer, DebateRecord)) is not None:
            if wrong := debated.disagreements:
                self.add("checker found good what a check refused", task, "", wrong)
            if not debated.accepted:
                self.add("answer given without being accepted", task)
        if (handed := record_of(answer, HandoffRecord)) is not None and (times := _bounces(handed.path)):
            self.add("handed back", task, "", times)

    def _repairs(self, agent: str, task: str, steps: list[ModelCall]) -> None:
        for one, following in pairwise(steps):
            answered = one.response is not None and not one.response.tool_calls
            if answered and following.step == one.step + 1:
                self.add("answer asked for again", task, agent)

    def _repetitions(self, agent: str, task: str, steps: list[ModelCall]) -> None:
        made: dict[tuple[str, str], int] = {}
        for call in steps:
            for wanted in call.response.tool_calls if call.response is not None else ():
                key = wanted.name, wanted.arguments
                made[key] = made.get(key, 0) + 1
        for (tool, arguments), times in made.items():
            if times >= REPEATED:
                self.add("step repeated", task, f"{agent}: {tool}({arguments}) {times} times", times - 1)


def _meaning(kind: str) -> Cause:
    """Of ``tool: BadArguments`` what is said of the whole, else of that error, else of tools."""
    what, _, error = kind.partition(": ")
    return KINDS.get(kind) or TABLE.get(error.rpartition(".")[2]) or KINDS.get(what) or _OTHER


def _bounces(path: Sequence[Passed]) -> int:
    """How often a hand-over went straight back to who had made the one before."""
    return sum((one.by, one.to) == (back.to, back.by) for one, back in pairwise(path))
