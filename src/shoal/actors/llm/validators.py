"""Checks of what an answer says, beyond its shape. An objection is shown to the model, which may answer again.

A validator is a function ``(answer, message)`` or ``(answer, message, ctx)``, async or not, that returns what is wrong
with the answer, or ``None``. :func:`quoted`, :class:`Judges` and :class:`KnownFacts` make some of them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from shoal.runtime.codec import message
from shoal.runtime.context import Context
from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import Ref

Validator = Callable[..., Any]
_SHOWN = 200


@message("shoal.Judgement")
class Judgement(BaseModel):
    """What a judge is asked: whether this answer to this message will do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    """The message that was answered, as text."""
    answer: str
    """The answer, as text."""
    criterion: str
    """What it is judged by."""


@message("shoal.Verdict")
class Verdict(BaseModel):
    """What a judge says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    good: bool
    why: str = ""
    evidence: list[str] = []
    """Passages of the question that the verdict rests on."""


async def objections(validators: Sequence[Validator], answer: Any, asked: Any, ctx: Context) -> list[str]:
    """What the validators have against an answer, in their order. Raises what a validator raises."""
    found = []
    for validator in validators:
        objection = validator(*_arguments(validator, answer, asked, ctx))
        if inspect.isawaitable(objection):
            objection = await objection
        if objection is not None and not isinstance(objection, str):
            raise ConfigError(
                f"validator {_name(validator)} returned {type(objection).__name__}: it returns what is wrong as a "
                "string, or None"
            )
        if objection:
            found.append(objection)
    return found


def check_validators(validators: Iterable[Validator]) -> tuple[Validator, ...]:
    """The validators, each of which can be called. Raises :class:`ConfigError`."""
    checked = tuple(validators)
    for validator in checked:
        if not callable(validator) or not 2 <= _count(validator) <= 3:
            raise ConfigError(
                f"validator {_name(validator)} must take (answer, message) or (answer, message, ctx)"
            )
    return checked


def quoted(evidence: str, source: str) -> Validator:
    """Evidence is required, and has to be there: each string in the answer's field ``evidence`` must occur literally in
    the message's field ``source``, and there must be at least one."""

    def check(answer: Any, asked: Any) -> str | None:
        passages = getattr(answer, evidence, None)
        passages = [passages] if isinstance(passages, str) else list(passages or ())
        if not [passage for passage in passages if passage.strip()]:
            return f"{evidence} is empty: quote the passages of {source} that your answer rests on"
        text = _plain(str(getattr(asked, source, asked)))
        for passage in passages:
            if _plain(passage) not in text:
                return f"{evidence}: {_short(passage)} does not occur in {source}; quote it word for word"
        return None

    check.__name__ = f"quoted({evidence!r})"
    return check


class Judges:
    """Agents that judge an answer: ``needed`` of them must find it good."""

    def __init__(
        self,
        judges: Ref | str | Sequence[Ref | str],
        criterion: str,
        *,
        needed: int | None = None,
        evidence: bool = False,
        timeout_s: float = 120.0,
    ) -> None:
        """``judges`` take a :class:`Judgement` and answer a :class:`Verdict`. ``needed``: how many must agree
        (``None``: all). ``evidence``: a verdict that quotes nothing of the question does not count as a yes."""
        self._judges = [judges] if isinstance(judges, Ref | str) else list(judges)
        self._needed = len(self._judges) if needed is None else needed
        if not 1 <= self._needed <= len(self._judges):
            raise ConfigError(f"needed={needed} of {len(self._judges)} judges: give 1 to {len(self._judges)}")
        self._criterion, self._evidence, self._timeout_s = criterion, evidence, timeout_s

    async def __call__(self, answer: Any, asked: Any, ctx: Context) -> str | None:
        """What is wrong with it, in the judges' words."""
        case = Judgement(question=_as_text(asked), answer=_as_text(answer), criterion=self._criterion)
        against: list[str] = []
        for position, judge in enumerate(self._judges):
            verdict = await ctx.ask(judge, case, timeout_s=self._timeout_s)
            problem = self._problem(verdict, case)
            if problem:
                against.append(problem)
            good = position + 1 - len(against)
            if good >= self._needed:
                return None
            if len(self._judges) - len(against) < self._needed:
                break
        return "; ".join(against)

    def _problem(self, verdict: Any, case: Judgement) -> str:
        if not isinstance(verdict, Verdict):
            raise ConfigError(f"a judge answered {type(verdict).__name__} where a Verdict is wanted")
        if not verdict.good:
            return verdict.why or "a judge refused it without a reason"
        if self._evidence:
            text = _plain(case.question)
            if not any(_plain(passage) in text for passage in verdict.evidence if passage.strip()):
                return "a judge agreed, but could quote nothing of the question for it"
        return ""


class KnownFacts:
    """The answer must not contradict facts on the board.

    ``claims(answer)`` gives what the answer states, by name; a fact is the board's entry ``prefix + name``.
    """

    def __init__(
        self, claims: Callable[[Any], Mapping[str, Any]], *, prefix: str = "fact/", region: str = "main"
    ) -> None:
        self._claims, self._prefix, self._region = claims, prefix, region

    async def __call__(self, answer: Any, asked: Any, ctx: Context) -> str | None:
        """The first contradiction."""
        board = ctx.board.of(self._region)
        for name, claimed in self._claims(answer).items():
            entry = await board.get(self._prefix + name)
            if entry is not None and entry.value != claimed:
                return (
                    f"{name} is {_short(repr(claimed))} in your answer, but known to be {_short(repr(entry.value))} "
                    f"(written by {entry.author})"
                )
        return None


def _arguments(validator: Validator, answer: Any, asked: Any, ctx: Context) -> tuple[Any, ...]:
    return (answer, asked, ctx) if _count(validator) == 3 else (answer, asked)


def _count(validator: Validator) -> int:
    try:
        return len(inspect.signature(validator).parameters)
    except (TypeError, ValueError):
        return 0


def _name(validator: Any) -> str:
    return getattr(validator, "__name__", type(validator).__name__)


def _plain(text: str) -> str:
    """Without differences that models make when they quote: case and white space."""
    return " ".join(text.casefold().split())


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _as_text(value: Any) -> str:
    return value.model_dump_json() if isinstance(value, BaseModel) else str(value)
