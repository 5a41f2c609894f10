"""``need_input``: the model says that it cannot go on without knowing something. The task waits; a peer or a person is
asked, once, and the dialogue goes on with the answer.

To the model it is a tool. Whom it reaches is not the model's choice.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from shoal.actors.approvals.asking import ask_person
from shoal.actors.llm.errors import InputNeeded
from shoal.actors.llm.plan import PERSON, Plan
from shoal.actors.tools.errors import ApprovalRefused
from shoal.models.chat import ToolCall, ToolSpec
from shoal.runtime.context import Context
from shoal.runtime.errors import DeliveryError, HandlerError
from shoal.runtime.ref import Ref

NEED_INPUT = "need_input"
SPEC = ToolSpec(
    name=NEED_INPUT,
    description=(
        "Ask for something that you need to know and cannot find out. Use it only when you cannot go on without it; "
        "the answer can take long."
    ),
    parameters={
        "type": "object",
        "properties": {"question": {"type": "string", "description": "One precise question."}},
        "required": ["question"],
        "additionalProperties": False,
    },
)


def question_of(call: ToolCall) -> str:
    """What the model asks: as it wrote it, when it did not keep to the form."""
    try:
        found: Any = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return call.arguments
    question = found.get("question") if isinstance(found, dict) else None
    return question if isinstance(question, str) else call.arguments


async def ask_for_input(plan: Plan, question: str, mark: str, ctx: Context) -> str:
    """The answer of whoever the plan names. Raises :class:`InputNeeded` when there is none."""
    asked = plan.need_input
    if asked is None:
        raise InputNeeded(
            f"{ctx.address} needs to know: {question}; nobody is there to ask (need_input=...)",
            question=question,
        )
    try:
        if asked == PERSON:
            return await ask_person(ctx, question, timeout_s=plan.need_input_s)
        return str(
            await ctx.once(f"input/{mark}", partial(_ask_peer, ctx, asked, question, plan.need_input_s))
        )
    except (ApprovalRefused, DeliveryError, HandlerError) as error:
        raise InputNeeded(
            f"{ctx.address} needs to know: {question}; no answer came: {error}", question=question
        ) from error


async def _ask_peer(ctx: Context, peer: Ref | str, question: str, timeout_s: float) -> str:
    return str(await ctx.ask(peer, question, timeout_s=timeout_s))
