"""An activation: one knowledge source, woken by one change on a board. Hearsay-II and BB1 call it a knowledge source
activation record (KSAR)."""

from __future__ import annotations

from hashlib import blake2b
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from shoal.runtime.codec import message

ERRORS_KEPT = 10


class Slot(NamedTuple):
    """What a change of a key replaces: the activation that waits because of an earlier change of it."""

    source: str
    trigger: str
    region: str
    key: str


@message("shoal.activation")
class Activation(BaseModel):
    """One activation, as it waits. It is an entry of the board too: who was woken, when, by what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """Made of what it is about, so that the same change makes the same activation."""
    source: str
    """The knowledge source, by its name in its team."""
    trigger: str
    """Its method."""
    region: str
    key: str
    revision: int
    """Of the change that woke it."""
    change: Literal["put", "delete"] = "put"
    priority: int = 0
    """Higher ones go first."""
    cost: float = 1.0
    """What each attempt takes from the team's budget."""
    every: bool = False
    """Whether a later change of the key leaves it as it is."""
    since: float = 0.0
    """Wall-clock second at which the source became eligible because of this key."""
    not_before: float = 0.0
    """Wall-clock second before which it is not begun (again)."""
    tries: int = 0
    """How often it was begun. It is asked under another message id each time."""
    errors: tuple[str, ...] = ()
    """Why attempts failed; the last ten."""
    failures: int = 0
    """Attempts that failed."""

    @property
    def slot(self) -> Slot:
        """See :class:`Slot`."""
        return Slot(self.source, self.trigger, self.region, self.key)


def activation_id(slot: Slot, revision: int) -> str:
    """The id of what a change makes eligible; in the order of revisions."""
    digest = blake2b("\0".join(slot).encode(errors="surrogatepass"), digest_size=8).hexdigest()
    return f"{revision:016d}-{slot.source}-{slot.trigger}-{digest}"
