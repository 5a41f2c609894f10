"""The state store of a replay: effects come from the record, everything else is kept in memory.

An effect that is not recorded is refused with :class:`Diverged`, so that no model is asked and no tool called; with
``live=True`` it is done, and kept for as long as the replay lasts. Agents that keep state begin without any.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shoal.experiments.errors import Diverged
from shoal.experiments.replaying.effect_record import EffectRecord
from shoal.runtime.durable.access import OwnStateAccess
from shoal.runtime.durable.run_effects import Name
from shoal.runtime.durable.store import Claimed, Handled, Recorded, Saved, State, StateStore, Unknown
from shoal.runtime.host import Host

Diverging = Callable[[Diverged], None]
"""Told of an effect that is not recorded, where it is asked for: a debugger can stop there."""


class ReplayStore:
    """Implements :class:`~shoal.runtime.durable.store.StateStore`."""

    quick = True
    wants_tending = False

    def __init__(self, record: EffectRecord, *, live: bool = False, diverging: Diverging) -> None:
        self._record = record
        self._live = live
        self._diverging = diverging
        self._done: dict[Name, Recorded] = {}
        self._generations: dict[str, int] = {}
        self._states: dict[str, State | None] = {}
        self.keepers: set[str] = set()
        """The agents that saved state."""

    def tend(self) -> None:
        """Nothing is put off."""

    def generation(self, agent: str) -> int:
        """See :class:`StateStore`."""
        return self._generations.get(agent, 0)

    def open(self, agent: str, generation: int) -> Saved:
        """See :class:`StateStore`."""
        self._generations[agent] = generation
        return Saved(self._states.get(agent), [])

    def claim(self, agent: str) -> Claimed:
        """See :class:`StateStore`."""
        generation = self.generation(agent) + 1
        return Claimed(generation, self.open(agent, generation))

    def commit(
        self, agent: str, generation: int, state: State | None, handled: Sequence[Handled] = ()
    ) -> None:
        """See :class:`StateStore`."""
        if state is not None:
            self._states[agent] = state
            self.keepers.add(agent)

    def once_begin(self, agent: str, generation: int, scope: bytes, key: str) -> Recorded | Unknown | None:
        """See :class:`StateStore`. Raises :class:`Diverged` for what is not recorded."""
        return self.once_look(agent, generation, scope, key)

    def once_look(self, agent: str, generation: int, scope: bytes, key: str) -> Recorded | Unknown | None:
        """See :class:`StateStore`. Raises :class:`Diverged` for what is not recorded."""
        name = Name(agent, scope, key)
        found = self._done.get(name) or self._record.take(name)
        if found is None and not self._live:
            error = Diverged(
                f"{agent} does {key!r}, which is not recorded: it is not done", agent=agent, what=key
            )
            self._diverging(error)
            raise error
        return found

    def once_done(
        self, agent: str, generation: int, scope: bytes, key: str, tag: str, payload: bytes
    ) -> None:
        """See :class:`StateStore`."""
        self._done[Name(agent, scope, key)] = Recorded(tag, payload)

    def once_failed(self, agent: str, generation: int, scope: bytes, key: str) -> None:
        """See :class:`StateStore`."""

    def verify(self) -> None:
        """There is nothing to check."""

    def close(self) -> None:
        """There is nothing to let go."""


class ReplayAccess(OwnStateAccess):
    """The access of a host that plays a task again."""

    def __init__(self, host: Host, store: StateStore) -> None:
        super().__init__(host.config, host.name, alone=True)
        self._replayed = store

    def _open(self) -> StateStore:
        return self._replayed
