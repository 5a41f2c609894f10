"""The front of a handoff: it gives each task to the agent that has it now, and passes on what that hands over."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from shoal.runtime.context import Context
from shoal.runtime.ref import Ref
from shoal.topologies.transfers.conversations import Conversations
from shoal.topologies.transfers.rules import TransferRules, next_step
from shoal.topologies.transfers.transfer import Handed, HandoffRecord, Passed, Transfer
from shoal.topologies.wiring.carrying import make_form
from shoal.topologies.wiring.front import Front
from shoal.topologies.wiring.signature import Signature

_log = logging.getLogger("shoal.topologies")
_SHOWN = 300


class Switchboard(Front):
    """Gives each task to the agent that has it now."""

    def __init__(
        self,
        refs: Mapping[str, Ref],
        forms: Mapping[str, type | None],
        takes: Mapping[str, Signature],
        start: str,
        rules: TransferRules,
        conversations: Conversations | None,
        record: type[HandoffRecord] | None,
    ) -> None:
        self._refs, self._forms, self._takes = dict(refs), dict(forms), dict(takes)
        self._start, self._rules, self._conversations, self._record = start, rules, conversations, record

    async def lead(self, message: Any, ctx: Context) -> Any:
        """One task, from agent to agent."""
        holder = await self._first(message, ctx)
        path: list[Passed] = []
        given = message if holder == self._start else self._resumed(holder, message)
        while True:
            answer = await self.ask(self._refs[holder], given, ctx, mark=f"transfer/{len(path)}")
            if not isinstance(answer, Transfer):
                break
            step = next_step(self._rules, holder, answer, path)
            path.append(step)
            _report(step, ctx)
            holder = step.to
            given = self._handed(holder, message, answer, path)
        if self._conversations is not None:
            await self._conversations.keep(self.team, message, holder, ctx)
        if self._record is None:
            return answer
        return make_form(
            self._record, HandoffRecord, "the record", answer=answer, by=holder, path=tuple(path)
        )

    async def _first(self, message: Any, ctx: Context) -> str:
        if self._conversations is None:
            return self._start
        holder = await self._conversations.holder(self.team, message, ctx)
        return holder if holder in self._refs else self._start

    def _resumed(self, holder: str, message: Any) -> Any:
        """A message of a conversation that the agent has already."""
        if self._takes[holder].takes(type(message)):
            return message
        return self._make(
            holder, message, goal="go on with the conversation", reason="the conversation is yours", path=()
        )

    def _handed(self, to: str, task: Any, transfer: Transfer, path: Sequence[Passed]) -> Any:
        return self._make(
            to, task, goal=transfer.goal, reason=transfer.reason, tried=transfer.tried, state=transfer.state,
            payload=transfer.payload, path=tuple(path),
        )  # fmt: skip

    def _make(self, to: str, task: Any, **fields: Any) -> Any:
        form = self._forms[to]
        return task if form is None else make_form(form, Handed, to, task=task, **fields)


def _report(step: Passed, ctx: Context) -> None:
    reason = step.reason if len(step.reason) <= _SHOWN else f"{step.reason[:_SHOWN]}..."
    note = f" ({step.note})" if step.note else ""
    _log.info("%s: %s hands over to %s: %s%s", ctx.address, step.by, step.to, reason, note)
