"""The handling of one message by an LLM agent: what the dialogue decides is done here.

A model call is made once: its answer, and what it cost, is an effect of the message (``ctx.once``), under a key of
dialogue, step and request. When the process dies, whoever handles the message again goes through the same steps on the
recorded answers, up to the point where nothing is recorded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from shoal.actors.llm.asking_model import ModelAsker
from shoal.actors.llm.dialogue import Dialogue, UseTools
from shoal.actors.llm.errors import AnswerRefused, Repetition
from shoal.actors.llm.need_input import NEED_INPUT, ask_for_input, question_of
from shoal.actors.llm.output_shape import NotInShape
from shoal.actors.llm.plan import Plan
from shoal.actors.llm.validators import objections
from shoal.actors.tools.calling import ToolCaller
from shoal.models.chat import ChatMessage, ChatResponse, Role, ToolCall
from shoal.models.errors import OutputInvalid
from shoal.runtime.context import Context
from shoal.runtime.errors import ShoalError


class Handling:
    """Of one message."""

    def __init__(
        self, plan: Plan, model: ModelAsker, tools: ToolCaller, message: Any, history: Sequence[ChatMessage],
        ctx: Context,
    ) -> None:  # fmt: skip
        self._plan = plan
        self._model = model
        self._tools = tools
        self._message = message
        self._history = history
        self._ctx = ctx
        self.user = user_text(plan, message)
        """What the model is told as its user."""

    async def answer(self) -> Any:
        """The typed answer. Raises :class:`ModelError`, :class:`AgentLoopError`, or what a tool's policy refuses."""
        votes = self._plan.votes
        if votes is None:
            return await self._converse(0)
        samples = [asyncio.ensure_future(self._converse(sample)) for sample in range(votes.of)]
        try:
            ended = await asyncio.gather(*samples, return_exceptions=True)
        finally:
            for sample in samples:
                sample.cancel()
        failures = [outcome for outcome in ended if isinstance(outcome, BaseException)]
        for failure in failures:
            if not isinstance(failure, ShoalError):
                raise failure
        answers = [outcome for outcome in ended if not isinstance(outcome, BaseException)]
        if not answers:
            raise failures[0]
        return votes.count(answers, [str(failure) for failure in failures])

    async def _converse(self, sample: int) -> Any:
        plan = self._plan
        rules = plan.rules_for(self._model.structured)
        dialogue = Dialogue(rules, plan.instructions.fill(self._message), self._history, self.user)
        while True:
            request = dialogue.request()
            response = await self._model.ask(request, dialogue.step, sample)
            turn = dialogue.receive(response)
            if isinstance(turn, UseTools):
                await self._use(dialogue, turn.calls, sample)
                continue
            value, problem = await self._check(response)
            if problem is None:
                return value
            self._object(dialogue, response, *problem)

    async def _check(self, response: ChatResponse) -> tuple[Any, tuple[str, bool] | None]:
        """The answer's value, or what is wrong with it and whether validators say so."""
        try:
            value = self._plan.shape.read(response.text)
        except NotInShape as wrong:
            return None, (str(wrong), False)
        found = await objections(self._plan.validators, value, self._message, self._ctx)
        return value, ("; ".join(found), True) if found else None

    def _object(self, dialogue: Dialogue, response: ChatResponse, why: str, by_validators: bool) -> None:
        try:
            dialogue.object_to(why, response.finish)
        except OutputInvalid as error:
            if not by_validators:
                raise
            raise AnswerRefused(
                f"{self._ctx.address}: {error.text}", objections=[why], **error.details
            ) from error

    async def _use(self, dialogue: Dialogue, calls: tuple[ToolCall, ...], sample: int) -> None:
        """Have the tools called that the model wants, and tell it what came of it."""
        mark = f"{sample}/{dialogue.step}"
        asked = [call for call in calls if call.name == NEED_INPUT and self._plan.need_input is not None]
        others = [call for call in calls if call not in asked]
        answers = await self._tools.call_all(others, self._ctx, mark)
        for answer in answers:
            self._ctx.joined(answer.account.origin, f"tool {answer.account.tool}")
        made = iter(answers)
        results = []
        for position, call in enumerate(calls):
            if call in asked:
                text = await self._input(question_of(call), f"{mark}/{position}")
                results.append(ChatMessage(role=Role.TOOL, text=text, tool_call_id=call.id))
            else:
                results.append(next(made).message)
        try:
            dialogue.tools_used(calls, results)
        except Repetition as circling:
            if not self._plan.escalate:
                raise
            question = f"{circling.text}. What should it do instead?"
            dialogue.told(await self._input(question, f"{mark}/escalated"))

    async def _input(self, question: str, mark: str) -> str:
        return await ask_for_input(self._plan, question, mark, self._ctx)


def user_text(plan: Plan, message: Any) -> str:
    """A message as the model's user says it."""
    if plan.prompt is not None:
        return plan.prompt.fill(message)
    if isinstance(message, BaseModel):
        return message.model_dump_json()
    return str(message)
