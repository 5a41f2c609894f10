"""Remembers a conversation after its message was answered, as the agent's policy says."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from shoal.actors.llm.asking_model import ModelAsker
from shoal.actors.llm.memory import (
    Conversation,
    Conversations,
    Memory,
    Summary,
    TypedContext,
    summary_request,
    too_old,
)
from shoal.models.chat import ChatRequest
from shoal.models.tokens import estimate_message, estimate_text
from shoal.runtime.context import Context


async def remember(
    memory: Memory, state: Conversations, key: str, user: str, value: Any, model: ModelAsker, ctx: Context
) -> Any:
    """Put the turn into the conversation of ``key``; returns the answer without what was meant for the memory.

    Condensing asks the model; when that fails, so does the message, and nothing was remembered of it.
    """
    conversation = state.by_key.get(key) or Conversation()
    changed = conversation.model_copy(deep=True)
    if isinstance(memory, TypedContext):
        changed.context = value.context.model_dump(mode="json")
        value = value.answer
    else:
        changed.add(user, value.model_dump_json() if isinstance(value, BaseModel) else str(value))
        if isinstance(memory, Summary):
            await _condense(memory, changed, model)
    changed.origin = int(ctx.origin)
    state.by_key.pop(key, None)
    state.by_key[key] = changed
    for forgotten in state.forget_oldest(memory.conversations):
        ctx.log.warning(
            "%s forgets conversation %r: it keeps %d", ctx.address, forgotten, memory.conversations
        )
    return value


async def _condense(memory: Summary, conversation: Conversation, model: ModelAsker) -> None:
    sizes = [estimate_message(turn) for turn in conversation.turns]
    if sum(sizes) + estimate_text(conversation.summary) <= memory.tokens:
        return
    most = max(50, memory.tokens // 4)
    # What is left takes half of the budget, so that not each turn has to be condensed again.
    old = too_old(conversation.turns, sizes, memory.tokens // 2)
    if old == 0:
        return
    request = ChatRequest(messages=tuple(summary_request(conversation, old)), max_output_tokens=most)
    response = await model.ask(request, 0, 0, what="summary")
    conversation.summary = response.text
    del conversation.turns[:old]
