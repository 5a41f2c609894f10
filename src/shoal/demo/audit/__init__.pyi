from .aggregation import aggregate
from .checker import check
from .checks.complexity import require_radon
from .discovery import Discovery, discover
from .errors import AuditError, MissingLibrary, MissingSource, NoPythonFiles
from .models import (
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
from .render import render_json, render_markdown
from .reviewer import review

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
