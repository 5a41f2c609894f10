"""LLM agents: agents whose answers, and whose next steps, come from a language model.

::

    class Ticket(BaseModel): text: str
    class Label(BaseModel): label: Literal["billing", "login"]; reason: str

    labeller = shoal.LLMAgent(model="default", instructions="Label tickets of a bank.", input=Ticket, output=Label)
    label = await (await system.spawn(labeller)).ask(Ticket(text="charged twice"))

To the rest of the system it is an agent with one handler, ``input -> output``: it works in every topology, on the local
host and on Ray. Without memory its messages are handled by themselves, several at a time; what limits it are the
budgets and rates of its model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, create_model

from shoal.actors.agent import Agent, check_options, check_recovery
from shoal.actors.llm.access import access_of, close_access
from shoal.actors.llm.asking_model import ModelAsker
from shoal.actors.llm.dialogue import Rules
from shoal.actors.llm.handling import Handling
from shoal.actors.llm.instructions import Instructions
from shoal.actors.llm.memory import Conversations, Memory, TypedContext
from shoal.actors.llm.need_input import NEED_INPUT
from shoal.actors.llm.need_input import SPEC as NEED_INPUT_SPEC
from shoal.actors.llm.output_shape import OutputShape
from shoal.actors.llm.plan import PERSON, Fallback, ModelChoice, Plan
from shoal.actors.llm.remembering import remember
from shoal.actors.llm.tool_use import tool_caller
from shoal.actors.llm.validators import Validator, check_validators
from shoal.actors.llm.votes import Votes
from shoal.actors.tools.grants import Grant, granted_to
from shoal.actors.tools.inheriting import under
from shoal.actors.tools.tool import Tool
from shoal.actors.tools.toolbox import close_tools, toolbox
from shoal.models.chat import ChatMessage
from shoal.models.permits import Budget
from shoal.runtime.behavior import Handler, HandlerTable, OnError
from shoal.runtime.config import Overflow
from shoal.runtime.context import Context
from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import Ref
from shoal.runtime.signature import handlers_of

_BESIDES_S = 600.0
"""What the handler of an agent that may wait for people has for everything else."""
_AT_ONCE = 16
"""Messages that an agent without memory handles at one time: it waits for the model nearly all the time."""


class LLMAgent(Agent):
    """An agent that a language model speaks for."""

    keeps_origins = (
        False  # each conversation keeps its own: one that saw a web page must not taint the others
    )

    def __init__(
        self,
        model: ModelChoice,
        instructions: str | Path = "",
        *,
        input: Any = str,
        output: Any = str,
        prompt: str | Path | None = None,
        name: str = "llm",
        fallback: Fallback | Sequence[Fallback] = (),
        tools: Sequence[Tool | Callable[..., Any]] = (),
        max_steps: int = 10,
        parallel_tools: int = 8,
        repetition: int = 3,
        on_repetition: str = "stop",
        repairs: int = 2,
        validators: Sequence[Validator] = (),
        votes: Votes | None = None,
        memory: Memory | None = None,
        conversation: str = "",
        need_input: Ref | str | None = None,
        need_input_s: float = 3600.0,
        approval_s: float = 3600.0,
        budget: Budget | None = None,
        per_task: Budget | None = None,
        priority: int = 0,
        partial: bool = False,
        cache: Any = None,
        temperature: float | None = None,
        max_output_tokens: int | None = None,
        seed: int | None = None,
        concurrency: int | None = None,
        mailbox: int | None = None,
        overflow: Overflow = Overflow.BLOCK,
        handler_timeout_s: float | None = None,
        on_error: OnError | str = OnError.FAIL,
        retries: int = 3,
        capabilities: Sequence[str] = (),
    ) -> None:
        """Raises :class:`ConfigError` for what cannot work.

        ``model``: a name of the system's models (``shoal.start(models={...})``), a :class:`Model`, or a scripted one.
        ``instructions``: what it is told before anything else; a ``Path`` is read. They, and ``prompt``, which makes
        the text of a message, are Jinja2 templates over the fields of the message.
        ``input``, ``output``: types of its messages and answers: ``str``, a Pydantic model, a plain type.
        ``fallback``: models that are asked when the one before failed for good, functions ``request -> answer``, and
        ``"person"``, in that order.
        ``tools``: all that it may use. ``max_steps``: model calls of one message. ``repetition``: the same call with
        the same result so often is a circle, which ends the dialogue, or with ``on_repetition="escalate"`` is told to
        whoever ``need_input`` names. ``repairs``: how often the model may correct an answer that does not fit
        ``output``, or that ``validators`` object to. ``votes``: ask several times and take what enough agree on.
        ``memory``: what it remembers between messages; ``conversation``: the field of the message that says of which
        conversation it is. ``need_input``: who is asked when the model needs to know something: an agent, or
        ``"person"``; and how long. ``approval_s``: how long a person may take to approve a consequential tool.
        ``budget``, ``per_task``: what the agent, and each task in it, may use. ``partial``: whether an answer that was
        cut by a time limit will do. ``cache``: where identical requests are answered from.
        The rest are as of :class:`Agent`; ``handler_timeout_s=None`` is the system's, or as long as people may take.
        """
        self.role = name
        self.capabilities = tuple(capabilities)  # type: ignore[misc]
        remembers = memory is not None
        self.concurrency = concurrency or (1 if remembers else _AT_ONCE)
        self.mailbox, self.overflow, self.handler_timeout_s = mailbox, overflow, handler_timeout_s
        own_tools = toolbox(tools)
        self.needs_people = PERSON in (need_input, *_chain(fallback)) or any(
            tool.policy.consequential for tool in own_tools.values()
        )
        if self.needs_people and handler_timeout_s is None:
            self.handler_timeout_s = max(need_input_s, approval_s) + _BESIDES_S
        self.on_error, self.retries = on_error, retries
        self.durable = remembers
        if remembers:
            self.state = Conversations()
        if need_input is not None and NEED_INPUT in own_tools:
            raise ConfigError(f"{name}: a tool is called {NEED_INPUT}, as the one that need_input= adds")
        specs = tuple(tool.spec for tool in own_tools.values())
        if need_input is not None:
            specs = (*specs, NEED_INPUT_SPEC)
        self.plan = Plan(
            role=name,
            model=model,
            fallback=_chain(fallback),
            instructions=Instructions(instructions, f"{name}: the instructions"),
            prompt=None if prompt is None else Instructions(prompt, f"{name}: the prompt"),
            accepts=input,
            shape=OutputShape(_with_context(output, memory)),
            tools=tuple(own_tools.values()),
            rules=Rules(
                tools=specs, max_steps=max_steps, repairs=repairs, repetition=repetition,
                parallel_tool_calls=parallel_tools > 1, temperature=temperature,
                max_output_tokens=max_output_tokens, seed=seed,
            ),
            memory=memory,
            conversation=conversation,
            validators=check_validators(validators),
            votes=votes,
            need_input=need_input,
            need_input_s=need_input_s,
            escalate=on_repetition == "escalate",
            partial=partial,
            budget=budget,
            per_task=per_task,
            priority=priority,
            parallel_tools=parallel_tools,
            cache=cache,
            approval_s=approval_s,
        )  # fmt: skip
        self.grant = granted_to(own_tools)
        self.output = output
        self._check(on_repetition)

    def under(self, above: Grant) -> LLMAgent:
        """The same agent with at most the tools that ``above`` has: what an agent with tools starts."""
        narrowed = object.__new__(type(self))
        narrowed.__dict__.update(self.__dict__)
        narrowed.grant = self.grant.meet(above)
        offered = [s for s in self.plan.rules.tools if s is NEED_INPUT_SPEC or narrowed.grant.allows(s.name)]
        rules = self.plan.rules._replace(tools=tuple(offered))
        narrowed.plan = replace(self.plan, rules=rules)
        return narrowed

    def hands_down(self, agent: Any) -> Any:
        """What becomes of an agent that this one starts: it has at most the same tools."""
        return under(self.grant, agent)

    def handler_table(self) -> HandlerTable:
        """One handler, for ``input``."""
        name = f"{self.role}.answer"

        async def answer(message: Any, ctx: Context) -> Any:
            return await self.answer(message, ctx)

        answer.__annotations__ = {"message": self.plan.accepts, "return": self.output}
        accepts = handlers_of(answer, name)
        return HandlerTable(
            [Handler(name, self.answer, one.accepts, self.output, one.check) for one in accepts]
        )

    async def answer(self, message: Any, ctx: Context) -> Any:
        """Handle one message; the answer is an ``output``.

        Raises :class:`ModelError`, :class:`AgentLoopError`, :class:`ToolError`.
        """
        plan = self.plan
        model = ModelAsker(plan, access_of(plan, ctx), ctx)
        if plan.memory is None:
            handling = Handling(plan, model, tool_caller(plan, self.grant, message, ctx), message, (), ctx)
            return await handling.answer()
        state = self.state
        assert isinstance(state, Conversations)
        key = str(getattr(message, plan.conversation)) if plan.conversation else ""
        conversation = state.by_key.get(key)
        history: Sequence[ChatMessage] = ()
        if conversation is not None:
            history = conversation.history()
            ctx.joined(conversation.origin, f"conversation {key!r}")
        handling = Handling(plan, model, tool_caller(plan, self.grant, message, ctx), message, history, ctx)
        value = await handling.answer()
        return await remember(plan.memory, state, key, handling.user, value, model, ctx)

    async def on_stop(self, ctx: Context, reason: str) -> None:
        """Let go of what tools hold."""
        await close_access(ctx)
        await close_tools(self.plan.tools, ctx)

    def _check(self, on_repetition: str) -> None:
        plan, name = self.plan, self.role
        check_options(name, self.concurrency, self.mailbox, self.handler_timeout_s)
        check_recovery(name, self.on_error, self.retries)
        for what, value, least in (
            ("max_steps", plan.rules.max_steps, 1), ("repairs", plan.rules.repairs, 0),
            ("repetition", plan.rules.repetition, 0), ("parallel_tools", plan.parallel_tools, 1),
        ):  # fmt: skip
            if not isinstance(value, int) or value < least:
                raise ConfigError(f"{name}: {what} is {value!r}; it must be a whole number from {least}")
        if on_repetition not in ("stop", "escalate"):
            raise ConfigError(f"{name}: on_repetition is {on_repetition!r}; it must be 'stop' or 'escalate'")
        if plan.escalate and plan.need_input is None:
            raise ConfigError(f"{name}: on_repetition='escalate' needs somebody to tell: need_input=...")
        if plan.memory is not None and (self.concurrency != 1 or plan.votes is not None):
            raise ConfigError(
                f"{name} remembers conversations: it handles one message at a time, without votes"
            )
        for handler in self.handler_table():
            self._check_input(handler.accepts)

    def _check_input(self, accepts: type) -> None:
        plan = self.plan
        plan.instructions.check(accepts)
        if plan.prompt is not None:
            plan.prompt.check(accepts)
        fields = accepts.model_fields if issubclass(accepts, BaseModel) else {}
        if plan.conversation and plan.conversation not in fields:
            raise ConfigError(
                f"{self.role}: conversation={plan.conversation!r} is no field of {accepts.__name__}"
            )


def _chain(fallback: Any) -> tuple[Fallback, ...]:
    if isinstance(fallback, str) or callable(fallback) or not isinstance(fallback, Sequence):
        return (fallback,)
    return tuple(fallback)


def _with_context(output: Any, memory: Memory | None) -> Any:
    if not isinstance(memory, TypedContext):
        return output
    return create_model("Reply", answer=(output, ...), context=(memory.model, ...))


__all__ = ["PERSON", "LLMAgent"]
