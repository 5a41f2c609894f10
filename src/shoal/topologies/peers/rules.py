"""What a peer of a mesh may say to whom, and how much is left of a task's turns. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shoal.models.spec import Breaker
from shoal.runtime.codec import decode, encode
from shoal.runtime.ref import Ref
from shoal.topologies.errors import MessageLoop, NoChannel, PeerFailed, TurnsSpent
from shoal.topologies.peers.messages import Heard, Said
from shoal.topologies.peers.turns import Turns, added
from shoal.topologies.wiring.history import as_text


@dataclass(frozen=True)
class Seat:
    """A peer's place in its mesh; the wiring gives it."""

    name: str
    channels: Mapping[str, Ref]
    """Those it may speak to, by name."""
    names: tuple[str, ...]
    """Everybody."""
    speaking: frozenset[str]
    """Those that are peers; the others only answer."""
    most_hops: int
    most_visits: int
    breaker: Breaker | None
    team: str
    region: str | None
    models: tuple[type, ...]
    """What is said in the mesh: shipped with the seat, so that a peer's process knows the classes."""

    def check(self, path: Sequence[str], to: str) -> None:
        """Raise :class:`NoChannel` or :class:`MessageLoop` for what may not be said; ``path`` ends with itself."""
        if to not in self.channels:
            known = ", ".join(self.channels) or "nobody"
            what = "is no peer" if to not in self.names else "is not on a channel of its own"
            raise NoChannel(f"{self.name!r} may speak to {known}; {to!r} {what}", peer=self.name, to=to)
        visits = list(path).count(to)
        if visits >= self.most_visits:
            raise MessageLoop(
                f"{' -> '.join((*path, to))}: it was at {to!r} {visits} times already (most_visits); answer instead "
                "of sending it back",
                path=list(path),
            )
        if len(path) >= self.most_hops:
            raise MessageLoop(
                f"{' -> '.join((*path, to))}: {len(path)} hops are the most (most_hops)", path=list(path)
            )


class Account:
    """Turns and last words of one task at the front, or of one handling at a peer."""

    def __init__(self, given: Turns) -> None:
        self._given = given
        self.taken: dict[str, int] = {}
        self.last: dict[str, str] = {}
        self.short = ""

    @property
    def left(self) -> Turns:
        """What was given and not taken."""
        return self._given.without(self.taken)

    def reserve(self, names: Sequence[str]) -> list[Turns]:
        """Take a turn for each of them; what each may hand on. Raises :class:`TurnsSpent`."""
        left = self.left
        if left.total < len(names):
            self.short = self.short or f"no turn is left for {', '.join(names)} (turns)"
        for name in names:
            if not self.short and left.left_of(name) < 1:
                self.short = f"no turn is left for {name!r} (turns_each)"
        if self.short:
            raise TurnsSpent(self.short)
        self.taken = added(self.taken, dict.fromkeys(names, 1))
        return self.left.shares(names)

    def settle(self, heard: Heard) -> None:
        """Somebody answered: count what was said on the way."""
        self.taken = added(self.taken, heard.turns)
        self.last |= heard.last
        self.short = self.short or heard.short

    def note(self, name: str, answer: Any) -> None:
        """Somebody who is no peer answered."""
        if answer is not None:
            self.last[name] = as_text(answer)

    def lose(self, name: str, share: Turns) -> None:
        """Nobody knows what became of a share: it counts as taken."""
        self.taken = added(self.taken, {name: share.total})


def said(task: str, path: Sequence[str], number: int, share: Turns, payload: Any) -> Said:
    """A message on its way. Raises what cannot be sent."""
    tag, body = encode(payload)
    return Said(
        task=task, path=tuple(path), round=number, total=share.total, each=share.each, used=dict(share.used),
        tag=tag, body=body,
    )  # fmt: skip


def heard(account: Account, name: str, answer: Any, *, done: bool) -> Heard:
    """An answer on its way."""
    tag, body = encode(answer)
    last = account.last | ({name: as_text(answer)} if answer is not None else {})
    return Heard(tag=tag, body=body, short=account.short, done=done, turns=account.taken, last=last)


def opened(name: str, answer: Heard) -> Any:
    """What is in an answer. Raises :class:`PeerFailed` and :class:`TurnsSpent` when there is none."""
    if answer.failed:
        raise PeerFailed(f"{name!r} failed: {answer.failed}", peer=name)
    if answer.cut:
        raise TurnsSpent(answer.short)
    return decode(answer.tag, answer.body)


def artefact_key(team: str, task: str) -> str:
    """Where the board has the artefact of a task."""
    return f"{team}/{task}/artefact"
