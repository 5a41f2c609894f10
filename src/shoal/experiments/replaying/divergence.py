"""Where a task that was played again went another way than the recorded one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from shoal.experiments.replaying.effect_record import EffectRecord, Wanted
from shoal.runtime.durable.run_effects import Name
from shoal.runtime.journal.entries import MessageEntry

_SHOWN = 5


class Ended(NamedTuple):
    """How a task ended."""

    state: str
    output: Any
    error: str
    error_text: str = ""


class Divergence(NamedTuple):
    """One difference, the earliest first."""

    what: str
    """``message``, ``effect`` or ``result``."""
    agent: str
    text: str


def divergences(
    before: Sequence[MessageEntry],
    now: Sequence[MessageEntry],
    effects: EffectRecord,
    ended: tuple[Ended, Ended],
    *,
    unsettled: bool,
) -> list[Divergence]:
    """All differences: in messages, in effects, in the result.

    ``before`` and ``now``: the messages of the recorded run and of the replay; where nothing was journaled they are
    empty, and only effects and results are compared. ``unsettled``: the recorded task was cut off, or tried several
    times: what the replay does not do again is no difference.
    """
    found = [*_of_messages(before, now, unsettled)] if before and now else []
    found += [_of_wanted(wanted) for wanted in effects.wanted]
    if not unsettled:
        found += [_of_left(name) for name in effects.left]
    if (result := _of_result(*ended)) is not None:
        found.append(result)
    return found


def _of_messages(
    before: Sequence[MessageEntry], now: Sequence[MessageEntry], unsettled: bool
) -> list[Divergence]:
    known, made = {one.id for one in before}, {one.id for one in now}
    new = [one for one in now if one.id not in known]
    gone = [] if unsettled else [one for one in before if one.id not in made]
    # A difference early on gives everything after it other ids: the first of each side says it.
    said = [
        Divergence(
            "message",
            one.sender,
            f"{one.sender} sends {one.tag} to {one.recipient}, which it did not do then",
        )
        for one in new[:1]
    ]
    said += [
        Divergence(
            "message", one.sender, f"{one.sender} sent {one.tag} to {one.recipient}, and does not do so now"
        )
        for one in gone[:1]
    ]
    rest = len(new) + len(gone) - len(said)
    if rest > 0:
        said.append(Divergence("message", "", f"{rest} more messages differ, most of them because of that"))
    return said


def _of_wanted(wanted: Wanted) -> Divergence:
    agent, _, key = wanted.name
    what = _called(key)
    if wanted.instead:
        text = f"{agent} asks for something else in {what} than it did then: its code, prompt or input has changed"
    else:
        text = f"{agent} does {what}, which it did not do then"
    return Divergence("effect", agent, text)


def _of_left(name: Name) -> Divergence:
    return Divergence("effect", name.agent, f"{name.agent} did {_called(name.key)} then, and does not now")


def _called(key: str) -> str:
    """An effect's key in words: of models it is ``model/attempt/sample/step/digest``, of tools ``<step>/tool/...``."""
    parts = key.split("/")
    if parts[0] == "model" and len(parts) == 5:
        return f"step {parts[3]} with its model"
    if "tool" in parts[1:]:
        return f"tool call {key.rpartition('/tool/')[2].partition('/')[0]} of {key.rpartition('/tool/')[0]}"
    return repr(key)


def _of_result(then: Ended, now: Ended) -> Divergence | None:
    if (then.state, then.error) != (now.state, now.error):
        return Divergence("result", "", f"it ended as {_ended(then)} then, and as {_ended(now)} now")
    if then.output != now.output:
        return Divergence("result", "", f"its answer was {_short(then.output)}, and is {_short(now.output)}")
    return None


def _ended(end: Ended) -> str:
    return f"{end.state} with {end.error}" if end.error else end.state


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
