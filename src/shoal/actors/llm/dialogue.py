"""The steps of an agent whose next step a model decides: a pure state machine.

``request`` says what to ask the model next, ``receive`` what its answer means: tools to call, or text to check. Then
``tools_used`` or ``object_to`` says how that went. Nothing here waits, sends or spends; a rerun with the same answers
makes the same requests, which is how recorded calls are found again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from shoal.actors.llm.errors import Repetition, StepLimit
from shoal.actors.llm.repetition import RepetitionDetector
from shoal.models.chat import (
    ChatMessage,
    ChatRequest,
    ChatResponse,
    Finish,
    OutputSchema,
    Role,
    ToolCall,
    ToolSpec,
)
from shoal.models.errors import OutputInvalid

_LAST_STEP = "This is your last step: answer now, from what you have. No tool can be called any more."


class Rules(NamedTuple):
    """What holds for every dialogue of an agent."""

    tools: tuple[ToolSpec, ...] = ()
    output: OutputSchema | None = None
    """Sent with a request that can call no tools; ``None``: text, or asked for in the instructions."""
    output_words: str = ""
    """The same for a model that is told in words; empty for text."""
    max_steps: int = 10
    repairs: int = 2
    repetition: int = 3
    """The same call with the same result so often ends the dialogue; 0: never."""
    parallel_tool_calls: bool = True
    temperature: float | None = None
    max_output_tokens: int | None = None
    seed: int | None = None


class UseTools(NamedTuple):
    """The model wants these called."""

    calls: tuple[ToolCall, ...]


class Candidate(NamedTuple):
    """The model has answered; whether that will do is to be checked."""

    text: str


class Dialogue:
    """One conversation about one message."""

    def __init__(self, rules: Rules, system: str, history: Sequence[ChatMessage], user: str) -> None:
        """``history``: what was said before, oldest first. An empty ``system`` is left out."""
        self._rules = rules
        instructions = "\n\n".join(part for part in (system, rules.output_words) if part)
        first = (ChatMessage(role=Role.SYSTEM, text=instructions),) if instructions else ()
        self._messages: list[ChatMessage] = [*first, *history, ChatMessage(role=Role.USER, text=user)]
        self._detector = RepetitionDetector(rules.repetition) if rules.repetition else None
        self._repairing = False
        self.step = 0
        """Requests made."""
        self.repairs_left = rules.repairs

    @property
    def messages(self) -> tuple[ChatMessage, ...]:
        """All that was said, the system's instructions included."""
        return tuple(self._messages)

    def request(self) -> ChatRequest:
        """What to ask next. Raises :class:`StepLimit`."""
        rules = self._rules
        if self.step >= rules.max_steps:
            raise StepLimit(
                f"no answer after {rules.max_steps} steps (max_steps): allow more, or make the task smaller",
                step=self.step,
            )
        self.step += 1
        last = self.step == rules.max_steps and bool(rules.tools) and self.step > 1
        messages = self.messages
        if last:  # better an answer from what there is than none
            messages = (*messages, ChatMessage(role=Role.USER, text=_LAST_STEP))
        with_tools = bool(rules.tools) and not last and not self._repairing
        # Some servers refuse tools together with a schema, and in others the schema keeps tools from being called.
        return ChatRequest(
            messages=messages,
            tools=rules.tools if with_tools else (),
            parallel_tool_calls=rules.parallel_tool_calls,
            output=None if with_tools else rules.output,
            max_output_tokens=rules.max_output_tokens,
            temperature=rules.temperature,
            seed=rules.seed,
        )

    def receive(self, response: ChatResponse) -> UseTools | Candidate:
        """Take the model's answer to the last request."""
        if response.tool_calls:
            self._messages.append(
                ChatMessage(role=Role.ASSISTANT, text=response.text, tool_calls=response.tool_calls)
            )
            return UseTools(response.tool_calls)
        self._messages.append(ChatMessage(role=Role.ASSISTANT, text=response.text))
        return Candidate(response.text)

    def tools_used(self, calls: Sequence[ToolCall], results: Sequence[ChatMessage]) -> None:
        """Take the results of the calls, in their order. Raises :class:`Repetition`."""
        self._messages.extend(results)
        if self._detector is None:
            return
        for call, result in zip(calls, results, strict=True):
            if self._detector.seen(call, result.text):
                raise Repetition(
                    f"the model called {call.name} {self._rules.repetition} times with the same arguments and got the "
                    "same result: it goes in circles",
                    step=self.step,
                    tool=call.name,
                )

    def told(self, text: str) -> None:
        """Say something to the model in between, as its user."""
        self._messages.append(ChatMessage(role=Role.USER, text=text))

    def object_to(self, why: str, finish: Finish = Finish.STOP) -> None:
        """The last answer will not do: show the model why, and let it try again.

        Raises :class:`OutputInvalid` when no repair is left.
        """
        if self.repairs_left <= 0:
            tried = self._rules.repairs + 1
            raise OutputInvalid(
                f"after {tried} {'attempt' if tried == 1 else 'attempts'} the answer still will not do: {why}",
                step=self.step,
                answer=self._messages[-1].text[:1000],
            )
        self.repairs_left -= 1
        self._repairing = True
        if finish is Finish.LENGTH:
            why = f"it was cut at the limit of its length, be shorter; {why}"
        words = "Correct it and answer again"
        if self._rules.output is not None or self._rules.output_words:
            words += ", with the JSON object and nothing else"
        self.told(f"Your answer cannot be used: {why}. {words}.")
