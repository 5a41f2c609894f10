"""What an agent remembers of a conversation between its messages: an explicit choice. The policies are pure.

``None`` (the default): nothing; each message is handled by itself. :class:`Whole`: every message and answer.
:class:`Summary`: the last ones within a budget of tokens, older ones condensed by the model. :class:`TypedContext`:
one typed object that the model writes anew with each answer; the next message sees that and nothing else.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shoal.models.chat import ChatMessage, Role

_SUMMARY = (
    "Condense this conversation for whoever goes on with it: what is wanted, what was found out, what was decided and "
    "why, what is open. Keep names, numbers and exact wordings that matter. Leave out politeness."
)


class _Policy(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    conversations: int = Field(default=1000, ge=1)
    """Conversations remembered; the one not used for longest is forgotten for a new one, which the log says."""


class Whole(_Policy):
    """Every message and answer. A conversation that no longer fits the model fails with ``ContextTooLong``."""


class Summary(_Policy):
    """Messages and answers within a budget; what is older is condensed."""

    tokens: int = Field(default=2000, ge=50)
    """Of the conversation before the message, the summary included."""


class TypedContext(_Policy):
    """One typed object, written by the model with each answer."""

    model: type[BaseModel]
    """Its class; the declared fields are all that the next message sees."""


Memory = Whole | Summary | TypedContext


class Conversation(BaseModel):
    """What is remembered of one conversation."""

    model_config = ConfigDict(extra="forbid")

    turns: list[ChatMessage] = []
    """Oldest first: what users said and what was answered."""
    summary: str = ""
    """Of what came before the turns."""
    context: dict[str, Any] | None = None
    """The typed object, as data."""
    origin: int = Field(default=0, ge=0, le=3)
    """The worst :class:`~shoal.runtime.provenance.Origin` of what was seen in it."""

    def history(self) -> list[ChatMessage]:
        """What the model is shown before the new message."""
        if self.context is not None:
            text = f"What is known so far:\n{_json(self.context)}"
            return [ChatMessage(role=Role.USER, text=text), ChatMessage(role=Role.ASSISTANT, text="I know.")]
        if not self.summary:
            return list(self.turns)
        told = ChatMessage(role=Role.USER, text=f"What was said before, condensed:\n{self.summary}")
        return [told, ChatMessage(role=Role.ASSISTANT, text="I remember."), *self.turns]

    def add(self, user: str, answer: str) -> None:
        """Remember one more turn."""
        self.turns.append(ChatMessage(role=Role.USER, text=user))
        self.turns.append(ChatMessage(role=Role.ASSISTANT, text=answer))


class Conversations(BaseModel):
    """All conversations of one agent: its state, which is saved."""

    model_config = ConfigDict(extra="forbid")

    by_key: dict[str, Conversation] = {}
    """In the order of their last use."""

    def of(self, key: str) -> Conversation:
        """The conversation of this key, moved to the end of the order."""
        conversation = self.by_key.pop(key, None) or Conversation()
        self.by_key[key] = conversation
        return conversation

    def forget_oldest(self, most: int) -> list[str]:
        """Drop what is beyond ``most``; returns the keys of the dropped."""
        dropped = list(self.by_key)[: max(0, len(self.by_key) - most)]
        for key in dropped:
            del self.by_key[key]
        return dropped


def too_old(turns: list[ChatMessage], sizes: list[int], budget: int) -> int:
    """How many of the oldest turns do not fit a budget of tokens: an even number, whole question and answer pairs.

    ``sizes``: tokens of each turn. The newest pair is always kept.
    """
    kept, total = 0, 0
    for question in range(len(turns) - 2, -1, -2):
        total += sizes[question] + sizes[question + 1]
        if kept and total > budget:
            break
        kept += 2
    return len(turns) - kept


def summary_request(conversation: Conversation, old: int) -> list[ChatMessage]:
    """What a model is asked to condense the ``old`` oldest turns and the summary before them."""
    lines = [f"Before that: {conversation.summary}"] if conversation.summary else []
    lines += [f"{turn.role}: {turn.text}" for turn in conversation.turns[:old]]
    return [ChatMessage(role=Role.SYSTEM, text=_SUMMARY), ChatMessage(role=Role.USER, text="\n".join(lines))]


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
