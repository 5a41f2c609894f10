"""Errors of the audit: what the caller asked for cannot be done, and what to do instead.

::

    AuditError
    ├── MissingSource      the path, or a package asked for by name, is not there
    ├── NoPythonFiles      the path holds nothing to audit
    └── MissingLibrary     an analysis library is not installed

A file that cannot be read or parsed is none of these: it becomes a skipped review with its reason.
"""

from __future__ import annotations

from shoal.runtime.errors import ShoalError


class AuditError(ShoalError):
    """Root of the audit's errors; the text names the remedy."""


class MissingSource(AuditError):
    """The path, or a package asked for by name, is not there or cannot be listed."""


class NoPythonFiles(AuditError):
    """The path holds no Python file that the options let through."""


class MissingLibrary(AuditError):
    """An analysis library is not installed."""
