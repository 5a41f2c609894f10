"""Where a task that was played again went another way than the recorded one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from shoal.experiments.replaying.effect_record import EffectRecord, Wanted
from shoal.experiments.replaying.ended import Ended, same_error_text
from shoal.experiments.replaying.lost_rows import without_lost
from shoal.experiments.replaying.message_pairs import Pair, outcome_of_code, pairs
from shoal.experiments.replaying.within_effects import within_effects
from shoal.runtime.durable.run_effects import Name
from shoal.runtime.journal.entries import ASK, DONE, MessageEntry
from shoal.runtime.terminal.text import data_text

_SHOWN = 5
_CHARS = 120


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
    times: what the replay does not do again, or brings to another end, is no difference. Nor is what an effect did that
    comes from the record, or a message whose row is known to be lost.
    """
    paired = without_lost(list(pairs(before, now))) if before and now else []
    within = within_effects(paired, effects.taken)
    paired = [one for one in paired if one.now is not None or one.then is None or one.then.id not in within]
    found = _of_messages(paired, unsettled)
    found += [_of_wanted(wanted) for wanted in effects.wanted]
    if not unsettled:
        found += [_of_left(name) for name in effects.left if name.scope.hex() not in within]
    found += _of_outcomes(paired, unsettled)
    if (result := _of_result(*ended)) is not None:
        found.append(result)
    return found


def _of_messages(paired: Sequence[Pair], unsettled: bool) -> list[Divergence]:
    said: list[Divergence] = []
    more = 0
    for pair in paired:
        one = _of_pair(pair, unsettled)
        if one is None:
            continue
        # What follows from a message that is new or gone says nothing new.
        if pair.follows or len(said) == _SHOWN:
            more += 1
        else:
            said.append(one)
    if more > 0:
        said.append(Divergence("message", "", f"{more} more messages differ, most of them because of that"))
    return said


def _of_outcomes(paired: Sequence[Pair], unsettled: bool) -> list[Divergence]:
    """Handlings that ended otherwise, the innermost first: those around them often ended so because of it."""
    both = [(one.then, one.now) for one in reversed(paired) if one.then is not None and one.now is not None]
    return [
        Divergence(
            "message",
            now.recipient,
            f"{now.recipient}'s handling of {now.tag} from {now.sender} ends as {now.outcome}, and ended as "
            f"{then.outcome} then",
        )
        for then, now in both
        if _other_outcome(then, now, unsettled)
    ][:_SHOWN]


def _of_pair(pair: Pair, unsettled: bool) -> Divergence | None:
    then, now = pair.then, pair.now
    if then is None:
        assert now is not None
        text = f"{now.sender} sends {now.tag} to {now.recipient}, which it did not do then"
        return Divergence("message", now.sender, text)
    if now is None:
        text = f"{then.sender} sent {then.tag} to {then.recipient}, and does not do so now"
        return None if unsettled else Divergence("message", then.sender, text)
    if (then.recipient, then.tag) != (now.recipient, now.tag):
        text = (
            f"{now.sender} sends {now.tag} to {now.recipient}, and sent {then.tag} to {then.recipient} then"
        )
    elif then.kind != now.kind:
        does, did = ("asks", "told it") if now.kind == ASK else ("tells", "asked it")
        text = f"{now.sender} {does} {now.recipient} {now.tag}, and {did} then"
    elif pair.sized and then.size != now.size:
        text = (
            f"{now.sender} sends {now.tag} of {now.size:,} bytes to {now.recipient}, and one of {then.size:,} bytes "
            "then"
        )
    else:
        return None
    return Divergence("message", now.sender, text)


def _other_outcome(then: MessageEntry, now: MessageEntry, unsettled: bool) -> bool:
    outcomes = outcome_of_code(then), outcome_of_code(now)
    return all(outcomes) and outcomes[0] != outcomes[1] and not (unsettled and outcomes[0] != DONE)


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
    if (then.state, then.error, then.raised) != (now.state, now.error, now.raised):
        return Divergence("result", "", f"it ended as {then.in_words} then, and as {now.in_words} now")
    if not same_error_text(then, now):
        text = f"its {then.raised} said {data_text(then.said, _CHARS)} then, and says {data_text(now.said, _CHARS)} now"
        return Divergence("result", "", text)
    if then.output != now.output:
        answers = data_text(then.output, _CHARS), data_text(now.output, _CHARS)
        return Divergence("result", "", f"its answer was {answers[0]}, and is {answers[1]}")
    return None
