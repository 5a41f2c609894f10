"""The operations of a region, as data. A request to the board is one of them; one that writes makes one revision.

``expected`` of a write is the modify revision that the entry must have (0: there must be none, ``None``: any).
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from shoal.blackboard.version import Value

Comparison = Literal["==", "!=", "<", "<=", ">", ">="]
Target = Literal["value", "version", "create_revision", "mod_revision"]
Order = Literal["key", "mod_revision", "create_revision"]


class Put(NamedTuple):
    """Set a key. ``lease``: delete it with that lease; ``ttl_s``: with one of its own, which a later put replaces."""

    key: str
    value: Value
    expected: int | None = None
    lease: str | None = None
    ttl_s: float | None = None


class Delete(NamedTuple):
    """Delete a key; one that is not there is no error unless ``expected`` says that it is. An item is withdrawn."""

    key: str
    expected: int | None = None


class DeletePrefix(NamedTuple):
    """Delete every key that begins with ``prefix`` (not empty)."""

    prefix: str


class Get(NamedTuple):
    """The version of a key, now or at a revision."""

    key: str
    revision: int | None = None


class Range(NamedTuple):
    """The entries whose key begins with ``prefix`` and comes after ``after``."""

    prefix: str = ""
    after: str = ""
    """With ``order="key"``: where the last page ended."""
    revision: int | None = None
    limit: int = 0
    """0: as many as there are, up to the board's own limit."""
    order: Order = "key"
    descending: bool = False


class History(NamedTuple):
    """The versions of a key from revision ``since`` on that are kept, deletions too, oldest first."""

    key: str
    since: int = 0
    limit: int = 0


class Diff(NamedTuple):
    """The keys under ``prefix`` that differ between two revisions."""

    before: int
    after: int
    prefix: str = ""


class Compare(NamedTuple):
    """One condition of a transaction. A key that is not there has version and revisions 0, and no value: comparing
    that is false, but for ``!=``. ``<`` and its like want values of one kind: numbers, texts or bytes."""

    key: str
    target: Target
    comparison: Comparison
    operand: Value | int


class Post(NamedTuple):
    """Put a work item on the board, at a key that is not there. What it depends on must be there before it."""

    key: str
    value: Value
    priority: int = 0
    tags: tuple[str, ...] = ()
    delay_s: float = 0.0
    """How long it cannot be claimed."""
    max_attempts: int = 3
    depends_on: tuple[str, ...] = ()
    backoff_s: float = 1.0


class Where(NamedTuple):
    """A predicate on a field of an item's value; ``field`` is a path with dots (``spec.size``). One that the value
    does not have, or that cannot be compared, does not match."""

    field: str
    comparison: Comparison
    operand: Any


class Claim(NamedTuple):
    """Take the best open item under ``prefix`` that has all ``tags`` and fits every ``where``."""

    lease_s: float = 30.0
    prefix: str = ""
    tags: tuple[str, ...] = ()
    where: tuple[Where, ...] = ()


class Renew(NamedTuple):
    """Hold a claim for another of its ``lease_s``. Writes nothing."""

    key: str
    token: int


class Complete(NamedTuple):
    """The item is done. Who holds the token once more gets the same answer as before, and nothing is written."""

    key: str
    token: int
    result: Value | None = None


class Fail(NamedTuple):
    """The attempt failed: back on the board after a pause, or dead after its last attempt (or without ``retry``)."""

    key: str
    token: int
    error: str
    retry: bool = True


class GiveBack(NamedTuple):
    """Put the item back for somebody else; this was no attempt."""

    key: str
    token: int
    delay_s: float = 0.0


class Grant(NamedTuple):
    """A new lease: entries put under it are deleted together when nobody keeps it alive for ``ttl_s``."""

    lease: str
    """Its id, new in the region."""
    ttl_s: float


class KeepAlive(NamedTuple):
    """Begin a lease's time anew. Writes nothing."""

    lease: str


class Revoke(NamedTuple):
    """End a lease and delete its entries."""

    lease: str


Step = Put | Delete | DeletePrefix | Get | Range | Post | Complete | Fail | GiveBack
"""What a transaction may do."""


class Transaction(NamedTuple):
    """``then`` when all ``compares`` hold, ``otherwise`` when one does not; all of it at one revision, or none."""

    compares: tuple[Compare, ...] = ()
    then: tuple[Step, ...] = ()
    otherwise: tuple[Step, ...] = ()


class Compact(NamedTuple):
    """Forget what was before ``revision``: reads below it are refused from now on."""

    revision: int


Operation = (
    Put | Delete | DeletePrefix | Get | Range | History | Diff | Post | Claim | Renew | Complete | Fail | GiveBack
    | Grant | KeepAlive | Revoke | Transaction | Compact
)  # fmt: skip
