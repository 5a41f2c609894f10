"""Messages of the audit, in the order they travel: task, review, checked review, report.

All are frozen and refuse unknown fields. A review stays under ``REVIEW_BYTES`` on the wire whatever the
module holds: texts are clipped, and findings past the limits are counted in ``omitted`` instead of sent.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Kind = Literal["complexity", "risky", "docstring", "dead-code"]
Severity = Literal["high", "medium", "low"]

KINDS: tuple[Kind, ...] = ("complexity", "risky", "docstring", "dead-code")
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")
REVIEW_BYTES = 200 * 1024
"""What a review, or a checked review, may take as msgpack."""

PATH_CHARS = 400
SYMBOL_CHARS = 200
MESSAGE_CHARS = 240
EVIDENCE_CHARS = 160
REASON_CHARS = 160

MODULE_SCOPE = "<module>"
"""The symbol of a finding outside any function and class; Python's own name for that frame."""


class Message(BaseModel):
    """What crosses from one agent to another."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(Message):
    """What is reported, and how much of it. The reviewer and the checker work under the same limits."""

    complexity: int = Field(default=11, ge=1, le=10_000)
    """Cyclomatic complexity from which a function is reported (radon's rank C begins at 11)."""
    max_bytes: int = Field(default=1_000_000, ge=1, le=50_000_000)
    """A larger file is skipped, with that reason."""
    max_findings: int = Field(default=400, ge=0, le=5_000)
    """Findings sent per module at most; the least severe give way."""


class ModuleTask(Message):
    """One module to review: the file ``path`` below the directory ``root``."""

    root: str = Field(min_length=1, max_length=4096)
    """Absolute directory."""
    path: str = Field(min_length=1, max_length=PATH_CHARS)
    """Relative to ``root``, with forward slashes; never leads out of it."""
    package: str = Field(min_length=1, max_length=PATH_CHARS)
    """Dotted name of the package that holds the module; what the report counts by."""
    limits: Limits = Limits()

    @field_validator("path")
    @classmethod
    def _stays_below_root(cls, path: str) -> str:
        parts = PurePosixPath(path).parts
        if path.startswith("/") or ".." in parts or "\0" in path:
            raise ValueError("must be relative to the root and stay below it")
        return path


class Finding(Message):
    """One defect at one place, with what the checker needs to verify it."""

    rule: str = Field(min_length=1, max_length=8)
    """Identifier in ``rules.RULES``; decides kind and severity."""
    kind: Kind
    severity: Severity
    path: str = Field(min_length=1, max_length=PATH_CHARS)
    line: int = Field(ge=1)
    column: int = Field(ge=1)
    """In characters, from 1."""
    symbol: str = Field(min_length=1, max_length=SYMBOL_CHARS)
    """Dotted name of the function, class, import or variable at fault, or of what encloses the place."""
    message: str = Field(min_length=1, max_length=MESSAGE_CHARS)
    evidence: str = Field(max_length=EVIDENCE_CHARS)
    """The source line, stripped and clipped."""
    metric: int | None = Field(default=None, ge=0)
    """The measured value, for rules that measure: cyclomatic complexity."""


class ModuleStats(Message):
    """Size of a module that was read."""

    bytes: int = Field(ge=0)
    lines: int = Field(ge=0)
    functions: int = Field(ge=0)
    """Functions and methods, nested ones included."""
    classes: int = Field(ge=0)
    max_complexity: int = Field(ge=0)
    """Of the most complex function; 0 without functions."""
    waived: int = Field(default=0, ge=0)
    """Findings not reported because their line carries a ``noqa`` or ``nosec`` comment."""


class ModuleReview(Message):
    """What a reviewer found in one module. ``skipped`` says why a module could not be reviewed."""

    module: ModuleTask
    findings: tuple[Finding, ...] = ()
    omitted: int = Field(default=0, ge=0)
    """Findings beyond the limits of number and size."""
    stats: ModuleStats | None = None
    skipped: str | None = Field(default=None, max_length=REASON_CHARS)


class Rejection(Message):
    """A finding the checker did not accept, and why."""

    finding: Finding
    reason: str = Field(min_length=1, max_length=REASON_CHARS)


class CheckedReview(Message):
    """A review after every finding was verified against the source, independently of the reviewer."""

    module: ModuleTask
    accepted: tuple[Finding, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    omitted: int = Field(default=0, ge=0)
    stats: ModuleStats | None = None
    skipped: str | None = Field(default=None, max_length=REASON_CHARS)


class ModuleFailure(Message):
    """A module whose review was never finished: its task ended as an error or a dead letter."""

    module: ModuleTask
    reason: str = Field(min_length=1)


class Skip(Message):
    """A file, directory or package that could not be reviewed."""

    path: str
    reason: str


class Counts(Message):
    """Accepted findings by kind and by severity; ``score`` is the sum of ``rules.score`` over them."""

    complexity: int = 0
    risky: int = 0
    docstring: int = 0
    dead_code: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    score: int = 0

    @property
    def total(self) -> int:
        """All accepted findings."""
        return self.high + self.medium + self.low


class PackageSummary(Message):
    """One line of the report's table: a package and what was found in it."""

    package: str
    modules: int
    """Modules reviewed; those skipped or failed are not among them."""
    lines: int
    functions: int
    max_complexity: int
    counts: Counts


class ModuleSummary(Message):
    """One module and what was found in it."""

    path: str
    lines: int
    counts: Counts


class RuleCount(Message):
    """How often a rule was accepted and rejected."""

    rule: str
    accepted: int
    rejected: int


class Totals(Message):
    """The whole audit in numbers."""

    modules: int
    """Modules given to the team, however they ended."""
    reviewed: int
    skipped: int
    failed: int
    lines: int
    functions: int
    classes: int
    reported: int
    """Findings the reviewers sent."""
    accepted: int
    rejected: int
    omitted: int
    waived: int


class AuditReport(Message):
    """Everything the audit found, in one deterministic order whatever order the reviews came in.

    Lists hold at most as many entries as the caller asked for; ``totals`` counts all.
    """

    roots: tuple[str, ...]
    """The directories that paths are relative to."""
    totals: Totals
    counts: Counts
    packages: tuple[PackageSummary, ...]
    """The highest score first."""
    rules: tuple[RuleCount, ...]
    modules: tuple[ModuleSummary, ...]
    """The highest score first; modules without findings are left out."""
    worst: tuple[Finding, ...]
    """Accepted findings, the worst first."""
    rejected: tuple[Rejection, ...]
    skipped: tuple[Skip, ...]
    failed: tuple[Skip, ...]


class RunFacts(Message):
    """What differs from run to run of the same audit; kept apart from the report, which does not."""

    python: str
    """Version of the interpreter that reviewed."""
    host: str
    """Where the team ran: ``ray`` or ``local``."""
    agents: int = Field(ge=0)
    messages: int = Field(ge=0)
    """Messages handled by the team."""
    restarts: int = Field(default=0, ge=0)
    wall_s: float = Field(ge=0)
