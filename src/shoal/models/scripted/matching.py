"""Which answer of a script fits a request.

A script is a list (one answer a call, in order), a mapping from conditions to answers (the first that fits), or a
function of the request. A condition is a string (in the last message, whatever the case), a compiled regular
expression (found in the last message) or a :class:`When`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from shoal.models.chat import ChatRequest, Role
from shoal.models.scripted.answers import Answer, Reply, as_reply
from shoal.runtime.errors import ConfigError

Script = Sequence[Any] | Mapping[Any, Any] | Callable[..., Any]


class When(BaseModel):
    """A condition on a request: all that is given has to hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contains: str = ""
    """In the last message, whatever the case."""
    anywhere: str = ""
    """In any message, whatever the case."""
    regex: str = ""
    """Found in the last message."""
    role: Role | None = None
    """Who wrote the last message."""
    tool: str = ""
    """This tool is offered."""
    output: str = ""
    """The answer is to have the schema of this name."""

    def fits(self, request: ChatRequest) -> bool:
        """Whether all of it holds."""
        last = request.messages[-1] if request.messages else None
        text = last.text if last is not None else ""
        return (
            self.contains.lower() in text.lower()
            and (not self.anywhere or any(self.anywhere.lower() in m.text.lower() for m in request.messages))
            and (not self.regex or re.search(self.regex, text) is not None)
            and (self.role is None or (last is not None and last.role is self.role))
            and (not self.tool or any(tool.name == self.tool for tool in request.tools))
            and (not self.output or (request.output is not None and request.output.name == self.output))
        )


class Turn(NamedTuple):
    """What an answer may depend on."""

    request: ChatRequest
    number: int
    """Calls before this one."""
    random: Callable[[], Random]
    """Made from the seed and the request: the same each time."""


def check_script(script: object) -> None:
    """Raises :class:`ConfigError` for what is no script, naming the part that is wrong."""
    if isinstance(script, Mapping):
        for condition in script:
            if not isinstance(condition, str | re.Pattern | When):
                raise ConfigError(
                    f"{condition!r} is no condition of a script: give a string, a regex or a When"
                )
        answers = list(script.values())
    elif isinstance(script, Sequence) and not isinstance(script, str | bytes):
        answers = list(script)
    elif callable(script) and not isinstance(script, type):
        return
    else:
        raise ConfigError(
            f"{script!r} is no script: give a list of answers, a mapping or a function of the request"
        )
    for answer in answers:
        if not callable(answer):
            as_reply(answer)


def answer_to(script: Script, turn: Turn, *, cycle: bool) -> Reply | None:
    """The script's answer; ``None`` when it has none."""
    found: Answer = None
    if isinstance(script, Mapping):
        found = next((answer for when, answer in script.items() if _fits(when, turn.request)), None)
    elif isinstance(script, Sequence):
        place = turn.number % len(script) if cycle and script else turn.number
        found = script[place] if place < len(script) else None
    else:
        found = script
    if callable(found):
        found = _ask(found, turn)
    return None if found is None else as_reply(found)


def _fits(when: object, request: ChatRequest) -> bool:
    if isinstance(when, When):
        return when.fits(request)
    text = request.messages[-1].text if request.messages else ""
    return (
        when.search(text) is not None if isinstance(when, re.Pattern) else str(when).lower() in text.lower()
    )


def _ask(rule: Callable[..., Answer], turn: Turn) -> Answer:
    try:
        wanted = len(inspect.signature(rule).parameters)
    except (TypeError, ValueError):
        wanted = 1
    return rule(turn.request, turn.random()) if wanted >= 2 else rule(turn.request)
