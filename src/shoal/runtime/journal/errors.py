"""Errors of run directories and the ledger.

::

    RunError                    a run directory or its ledger refused
    ├── RunExists               the name is taken; resume that run, or take another name
    ├── RunNotFound             no run of that name under the root
    ├── RunInUse                another process runs it; names the pid
    ├── RunUnwritable           the directory cannot be made or written to
    ├── RunNotResumable         what was recorded of its program cannot be started again
    ├── RecorderGone            the run's recorder is gone for good: nothing more can be recorded
    ├── TaskConflict            the task id is in the ledger with another payload
    └── TaskUnknown             the task id is not in the ledger

A full disk is :class:`~shoal.runtime.durable.errors.StoreFull`, a damaged file ``StoreBroken``, one of a newer shoal
``StoreNewer``.
"""

from __future__ import annotations

from shoal.runtime.errors import ShoalError


class RunError(ShoalError):
    """A run directory or its ledger refused."""


class RunExists(RunError):
    """The name is taken: resume that run, or take another name."""


class RunNotFound(RunError):
    """No run of that name is under the root, or the directory there is no run."""


class RunInUse(RunError):
    """Another process runs it. ``details``: ``pid``, ``host`` (where known)."""


class RunUnwritable(RunError):
    """The directory cannot be made or written to."""


class RunNotResumable(RunError):
    """What was recorded of its program cannot be started again: no program, or it is not there any more."""


class RecorderGone(RunError):
    """The run's recorder is gone for good (given up, or stopped by somebody): nothing more can be recorded."""


class TaskConflict(RunError):
    """The task id is in the ledger with another payload. ``details['task']``."""


class TaskUnknown(RunError):
    """The task id is not in the ledger. ``details['task']``."""
