"""The pure part of the demo: audit a Python source tree, one module at a time.

``discover`` splits the tree into :class:`ModuleTask`; ``review`` (the maker) turns each into a
:class:`ModuleReview`; ``check`` (the checker) verifies every finding by another route and gives a
:class:`CheckedReview`; ``aggregate`` merges them in any order into one :class:`AuditReport`, which
``render_markdown`` and ``render_json`` write down. No function here knows of agents, and none but
``discover``, ``review`` and ``check`` touches the disk.
"""

from __future__ import annotations

from shoal.demo.audit.aggregation import aggregate
from shoal.demo.audit.checker import check
from shoal.demo.audit.checks.complexity import require_radon
from shoal.demo.audit.discovery import Discovery, discover
from shoal.demo.audit.errors import AuditError, MissingLibrary, MissingSource, NoPythonFiles
from shoal.demo.audit.models import (
    AuditReport,
    CheckedReview,
    Finding,
    Limits,
    ModuleFailure,
    ModuleReview,
    ModuleTask,
    Rejection,
    RunFacts,
)
from shoal.demo.audit.render import render_json, render_markdown
from shoal.demo.audit.reviewer import review

__all__ = [
    "AuditError",
    "AuditReport",
    "CheckedReview",
    "Discovery",
    "Finding",
    "Limits",
    "MissingLibrary",
    "MissingSource",
    "ModuleFailure",
    "ModuleReview",
    "ModuleTask",
    "NoPythonFiles",
    "Rejection",
    "RunFacts",
    "aggregate",
    "check",
    "discover",
    "render_json",
    "render_markdown",
    "require_radon",
    "review",
]
