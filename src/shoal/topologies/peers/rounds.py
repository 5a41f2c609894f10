"""When a task of a mesh is over: what is looked at after each round. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from shoal.topologies.peers.messages import Reason
from shoal.topologies.wiring.history import as_text

Answers = dict[str, Any]
"""By peer."""


@dataclass(frozen=True)
class Ending:
    """What ends a task; see :func:`shoal.topologies.mesh.mesh`. Turns end it in any case."""

    rounds: int
    unchanged: int | None
    until: Callable[[Answers], bool] | None


@dataclass(frozen=True)
class Round:
    """What one round came to."""

    answers: Answers
    done: bool
    """Whether everybody who could said so."""
    short: str
    """Which limit of turns was met; empty: none."""
    sight: str
    """Answers and artefact, so that two rounds can be compared."""


def over(ending: Ending, rounds: Sequence[Round]) -> tuple[Reason, str] | None:
    """Why it ends after the last of ``rounds``, in a word and in words; ``None``: it goes on."""
    last = rounds[-1]
    if last.short:
        return "turns", last.short
    if last.done:
        return "done", "everybody who was given the task says that it is done"
    if ending.until is not None and ending.until(dict(last.answers)):
        return "until", "the answers are what was waited for"
    same = unchanged(rounds)
    if ending.unchanged is not None and same >= ending.unchanged:
        return "converged", f"nothing changed in {same} rounds"
    if len(rounds) < ending.rounds:
        return None
    if ending.rounds == 1:
        return "answered", f"answered by {', '.join(last.answers)}"
    return "rounds", f"{ending.rounds} rounds were gone through (rounds)"


def unchanged(rounds: Sequence[Round]) -> int:
    """How many rounds at the end brought nothing new."""
    count = 0
    for one in reversed(rounds[:-1]):
        if one.sight != rounds[-1].sight:
            break
        count += 1
    return count


def sight_of(answers: Mapping[str, Any], artefact: str) -> str:
    """A fingerprint of what there is after a round."""
    seen = "\0".join(f"{name}\0{as_text(answer)}" for name, answer in sorted(answers.items()))
    return blake2b(f"{seen}\0\0{artefact}".encode(errors="surrogatepass"), digest_size=16).hexdigest()
