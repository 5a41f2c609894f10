"""The spans of a model call: one for each model that was asked, as the journal has them. Pure.

They follow from the record alone, ids included. So whoever has the record can write what is missing in the journal, and
what is there twice is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from shoal.actors.llm.recorded import ModelCall
from shoal.models.calling.account import CallAccount, Outcome
from shoal.runtime.journal.entries import OK
from shoal.runtime.journal.records import SpanRow
from shoal.runtime.journal.trace_ids import span_id

KIND = "model"
LOST = "lost"
"""The outcome of a call without a record."""


class ModelSpan(NamedTuple):
    """As :meth:`Context.note_span` takes it."""

    key: str
    name: str
    at: float
    took_s: float
    outcome: str
    data: dict[str, Any]


def spans_of(key: str, call: ModelCall) -> Iterator[ModelSpan]:
    """The spans of a call that is recorded under ``key``. The models were asked one after the other, until ``at``."""
    began = call.at - sum(account.took_s for account in call.accounts)
    for position, account in enumerate(call.accounts):
        # The permit tells two records of one call apart, if two hosts each have one.
        permit = account.charges[0].permit if account.charges else ""
        mark = f"{LOST}\0{permit}" if call.lost else f"{key}\0{position}\0{permit}"
        outcome = LOST if call.lost else OK if account.outcome is Outcome.OK else account.outcome.value
        yield ModelSpan(mark, account.model, began, account.took_s, outcome, _data(call, account))
        began += account.took_s


def rows_of(key: str, call: ModelCall) -> Iterator[SpanRow]:
    """The same as rows of the journal."""
    message = bytes.fromhex(call.message)
    task = None if call.outside else call.task
    for span in spans_of(key, call):
        own_id = span_id(message, KIND, span.key)
        yield (
            own_id,
            message,
            task,
            call.agent,
            KIND,
            span.name,
            span.at,
            span.took_s,
            span.outcome,
            span.data,
        )


def _data(call: ModelCall, account: CallAccount) -> dict[str, Any]:
    usage = account.usage
    answered = call.response is not None and account.outcome is Outcome.OK
    return {
        "model": account.model, "endpoint": account.endpoint,
        "answered_by": call.response.model if answered and call.response is not None else "",
        "input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens, "reasoning_tokens": usage.reasoning_tokens,
        "tokens": account.tokens, "nano_usd": account.nano_usd, "usd": account.usd,
        "priced": account.priced, "estimated": account.estimated,
        "attempts": account.attempts, "retries": account.retries,
        "waited_s": account.waited_s, "first_token_s": account.first_token_s,
        "cached": account.cached, "fallback": account.fallback,
        "task": call.task, "role": call.role, "team": call.team, "step": call.step, "sample": call.sample,
        "sender": call.sender, "edge": f"{call.sender} -> {call.agent}",
    }  # fmt: skip
