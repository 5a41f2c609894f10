"""The contract of a store that keeps durable agents: their state, what they handled, their effects.

An agent has one owner at a time, the incarnation with the highest *generation*: a number that grows with each
restart. ``open`` claims the agent for a generation; from then on every call of a lower one raises
:class:`~shoal.runtime.durable.errors.Fenced`, however late it comes. Each call is one transaction: after an error
nothing of it is there, after a return all of it is, and a process killed at any moment leaves the one or the other.

``commit`` writes the state together with the messages that led to it, so that a restart finds state and positions
that belong together. ``once_begin`` and ``once_done`` are the two halves of an effect outside: what began and was
never done has an unknown outcome, and only the caller can decide what that means. Who would do it again anyway needs
no record of the beginning: ``once_look`` saves the first of two transactions.

Stores are synchronous and may be called from several threads, one call at a time. No store looks inside payloads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

WINDOW = 4096
"""Handled messages that are kept for each agent unless the store was made with another number."""

State = tuple[str, bytes]
"""An agent's state: the tag of its model and its msgpack bytes."""


class Handled(NamedTuple):
    """A message the agent has handled, and the reply it gave (empty for a tell)."""

    id: bytes
    ending: int = 0
    tag: str = ""
    payload: bytes = b""
    sends: tuple[tuple[Any, ...], ...] = ()
    """Envelopes of what its handling told others, as plain tuples: sent again when the message comes again."""


class Saved(NamedTuple):
    """What an agent's last incarnation left behind."""

    state: State | None
    handled: list[Handled]
    """The newest ones, oldest first. An id may be there twice: the later one counts."""


class Claimed(NamedTuple):
    """An agent that is ours now."""

    generation: int
    saved: Saved


class Recorded(NamedTuple):
    """The effect was done, and this is what it gave."""

    tag: str
    payload: bytes


class Unknown(NamedTuple):
    """The effect was begun, and nobody recorded how it ended."""

    generation: int
    """The incarnation that began it; the caller's own, when its handling was cut off in the effect."""


class StateStore(Protocol):
    """Where durable agents are kept. All methods raise :class:`StoreError` and its subclasses."""

    quick: bool
    """Whether its calls take microseconds and may be made on an event loop; :meth:`tend` does what is slow."""

    @property
    def wants_tending(self) -> bool:
        """Whether :meth:`tend` should be called soon."""

    def tend(self) -> None:
        """Do what was put off for the calls to be quick. Takes milliseconds or more: call it in a thread."""

    def generation(self, agent: str) -> int:
        """The highest generation that has opened the agent; 0 when none has. A resumed run starts above it."""

    def open(self, agent: str, generation: int) -> Saved:
        """Claim the agent for this incarnation and read what is saved of it.

        ``generation`` is 1 or more. The same generation may open again (after a lost connection, say). Raises
        :class:`Fenced` when a higher one has opened it, :class:`StoreBroken` when what is saved is damaged.
        """

    def claim(self, agent: str) -> Claimed:
        """As :meth:`open` under the next generation, chosen in the same transaction: of two, the later one has it."""

    def commit(
        self, agent: str, generation: int, state: State | None, handled: Sequence[Handled] = ()
    ) -> None:
        """Save the state (``None``: it did not change) and what was handled, both or neither."""

    def once_begin(self, agent: str, generation: int, scope: bytes, key: str) -> Recorded | Unknown | None:
        """What is recorded of an effect. ``None``: nothing was, and that it begins now is recorded.

        ``scope`` is what the key is unique in: the id of the message being handled, for example. Effects are kept
        as long as the store.
        """

    def once_look(self, agent: str, generation: int, scope: bytes, key: str) -> Recorded | Unknown | None:
        """What is recorded of an effect; nothing is written. For effects that may happen again when nobody knows."""

    def once_done(
        self, agent: str, generation: int, scope: bytes, key: str, tag: str, payload: bytes
    ) -> None:
        """Record what the effect gave. A result that is there already stays."""

    def once_failed(self, agent: str, generation: int, scope: bytes, key: str) -> None:
        """The effect certainly did not happen: forget that it began. A recorded result stays."""

    def verify(self) -> None:
        """Read everything and check it, in time proportional to the store. Raises :class:`StoreBroken`."""

    def close(self) -> None:
        """Let go of the store. Closing twice is fine."""
