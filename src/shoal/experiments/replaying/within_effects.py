"""Which recorded messages a replay has no need of, because an effect that sent them came from the record. Pure.

The whole work of a swarm, for example, is an effect of its front: taken from the record, no worker is asked again. What
is sent inside an effect has ids of its own kind, as operations on boards have; of which effect, is not recorded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from shoal.experiments.replaying.message_pairs import BOARDS, Pair
from shoal.runtime.durable.run_effects import Name
from shoal.runtime.envelope import derived_id
from shoal.runtime.journal.entries import MessageEntry

_MODEL = "model/"
"""What keys of model calls begin with: those do nothing on boards."""
_UNSEEN = 100
"""So many sends of one handling may have no row."""
_EACH_TRY = 1 << 24
"""A handler that is tried again numbers its sends from here on (``Context``)."""
_TRIES = 100


def within_effects(paired: Sequence[Pair], taken: Collection[Name]) -> set[str]:
    """Ids of messages without a counterpart that were sent inside effects which the replay took, or follow from them.

    ``paired``: causes before what they caused. ``taken``: the effects, under the names that are recorded.
    """
    keys: dict[str, set[str]] = defaultdict(set)
    for name in taken:
        keys[name.scope.hex()].add(name.key)
    plain = _Plain(one.then for one in paired if one.then is not None)
    found: set[str] = set()
    for then, now, *_ in paired:
        if then is None or now is not None or then.cause is None:
            continue
        around = keys.get(then.cause, set())
        if then.recipient.startswith(BOARDS):
            around = {key for key in around if not key.startswith(_MODEL)}
        if then.cause in found or (around and not plain.has(then)):
            found.add(then.id)
    return found


class _Plain:
    """Which messages were sent by handlers themselves: those are numbered in their order."""

    def __init__(self, messages: Iterable[MessageEntry]) -> None:
        self._tried: dict[str, int] = {}
        self._sent: dict[str, int] = defaultdict(int)
        self._ids: dict[str, set[str]] = {}
        for one in messages:
            self._tried[one.id] = one.attempt
            self._sent[one.cause or ""] += 1

    def has(self, one: MessageEntry) -> bool:
        """Whether this one was."""
        cause = one.cause
        assert cause is not None
        if cause not in self._ids:
            self._ids[cause] = {
                derived_id(bytes.fromhex(cause), tried * _EACH_TRY + number).hex()
                for tried in range(min(self._tried.get(cause, 1), _TRIES))
                for number in range(1, self._sent[cause] + _UNSEEN)
            }
        return one.id in self._ids[cause]
