"""Errors of the durable stores.

::

    StoreError                  a durable store refused; but for StoreUnreachable, nothing of the call was written
    ├── Fenced                  a later incarnation has the agent: this one must stop
    ├── StoreFull               no room (disk full, quota); works again when there is room
    ├── StoreBusy               another process kept the store locked for too long; may be tried again
    ├── StoreUnreachable        the connection failed: the one case in which the call may have been written
    ├── StoreNewer              written by a newer shoal
    └── StoreBroken             damaged, not ours, or the disk fails; the text names the file and a remedy
    EffectUnknown               `once(..., unknown="raise")`: the effect was begun, and nobody knows how it ended

All of them pickle, like every :class:`~shoal.runtime.errors.ShoalError`. The text names the file.
"""

from __future__ import annotations

from shoal.runtime.errors import ShoalError


class StoreError(ShoalError):
    """A durable store refused. Nothing of the call was written, except as :class:`StoreUnreachable` says."""


class Fenced(StoreError):
    """A later incarnation has opened the agent. Whoever gets this is the old one, and must stop."""


class StoreFull(StoreError):
    """There is no room for it: the disk is full or a quota is reached. Works again when there is room."""


class StoreBusy(StoreError):
    """Another process kept the store locked for longer than the limit. The call may be tried again."""


class StoreUnreachable(StoreError):
    """No connection to the store's server, or it was lost in the call, which may have been written.

    Every call may be repeated: at worst what was handled is noted twice, which means the same.
    """


class StoreNewer(StoreError):
    """The file was written by a newer shoal, whose format this one does not know."""


class StoreBroken(StoreError):
    """The file is damaged, is not ours, or the disk under it fails. Nothing read from it is to be trusted."""


class EffectUnknown(ShoalError):
    """An effect under ``once(..., unknown="raise")`` was begun and nobody recorded how it ended.

    It happened, or it did not: look, and do not call it again blindly. ``details``: ``agent``, ``key``.
    """
