"""Errors of the blackboard.

::

    BoardError                  an operation on a region was refused, or its outcome is unknown
    ├── BoardRefused            certain: nothing of the operation was done
    │   ├── InvalidKey          empty, over the limit, or with characters that keys may not have
    │   ├── InvalidOperation    an operation that means nothing: a limit of -1, one key put twice, ...
    │   ├── ValueRefused        a value that cannot be encoded, or is over the limit
    │   ├── SchemaRefused       the value does not fit the schema of its prefix; names the field
    │   ├── Conflict            an expectation did not hold; carries the current revision (and entry, at the client)
    │   ├── NoSuchKey           the operation needs an entry, and there is none
    │   ├── Compacted           a revision below the oldest that is kept; ``details``: ``oldest``
    │   ├── FutureRevision      a revision that does not exist yet
    │   ├── ItemState           the entry is a work item in another state than the operation needs, or is none
    │   ├── NothingToClaim      no item came in time
    │   └── LeaseLost           the claim or lease is not the caller's (any more): expired, given up, done
    ├── RegionUnknown           nobody opened a region of that name in this system
    ├── RegionInUse             another run has the region open
    ├── RegionLost              the region is not the one it was: its board kept it in memory and died
    └── BoardUnavailable        no answer in time, or nothing can be saved now; may be tried again

All of them pickle and cross processes like every :class:`~shoal.runtime.errors.ShoalError`. A key of an error is in
``details["key"]``.
"""

from __future__ import annotations

from typing import Any

from shoal.runtime.errors import ShoalError


class BoardError(ShoalError):
    """An operation on a region was refused, or its outcome is unknown."""


class BoardRefused(BoardError):
    """Certain: nothing of the operation was done."""


class InvalidKey(BoardRefused):
    """A key that is empty, over the limit, or has characters that keys may not have."""


class InvalidOperation(BoardRefused):
    """An operation that means nothing, whatever is on the board."""


class ValueRefused(BoardRefused):
    """The value cannot be encoded, or is over the limit."""


class SchemaRefused(BoardRefused):
    """The value does not fit the schema of its prefix."""


class Conflict(BoardRefused):
    """What the operation expected does not hold.

    ``details``: ``key``, ``expected`` and ``revision``, the entry's modify revision now (0: there is none).
    """

    @property
    def entry(self) -> Any:
        """The :class:`~shoal.blackboard.entry.Entry` that is there now; ``None``: there is none."""
        return self.details.get("entry")


class NoSuchKey(BoardRefused):
    """The operation needs an entry, and there is none."""


class Compacted(BoardRefused):
    """The revision was compacted away. ``details``: ``oldest``, the oldest that can be read."""


class FutureRevision(BoardRefused):
    """The revision does not exist yet. ``details``: ``revision``, the newest."""


class ItemState(BoardRefused):
    """The entry is no work item, or one in another state than the operation needs."""


class NothingToClaim(BoardRefused):
    """There was no item to claim, and none came in time."""


class LeaseLost(BoardRefused):
    """The claim or lease is not the caller's any more; whatever it did under it is not accepted."""


class RegionUnknown(BoardError):
    """Nobody opened a region of that name in this system."""


class RegionInUse(BoardError):
    """Another run has the region open. ``details``: ``owner``."""


class RegionLost(BoardError):
    """The region is not the one it was: its board kept it in memory only, and died."""


class BoardUnavailable(BoardError):
    """No answer in time, or nothing can be saved now. Unless the text says otherwise a write may have been done."""
