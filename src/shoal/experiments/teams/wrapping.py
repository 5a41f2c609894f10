"""What can stand beside any member: how many of it, who approves and verifies, and the edge that leads to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from shoal.experiments.teams.strict import Strict
from shoal.experiments.teams.words import Duration, FlagOrType, ImportPath

if TYPE_CHECKING:
    from shoal.experiments.teams.spec import Member, Members


class SummarySpec(Strict):
    """What was said before, within a budget."""

    summary: int = Field(ge=50)
    """Tokens; the newest turns stay."""


def _context_kind(value: Any) -> str | None:
    if isinstance(value, dict | SummarySpec):
        return "<summary>"
    if isinstance(value, str):
        return "<word>" if ":" not in value else "<path>"
    return None


Context = Annotated[
    Annotated[Literal["whole"], Tag("<word>")]
    | Annotated[ImportPath, Tag("<path>")]
    | Annotated[SummarySpec, Tag("<summary>")],
    Discriminator(
        _context_kind,
        custom_error_type="context",
        custom_error_message="it is expected to be whole, {summary: tokens}, or the import path of a model",
    ),
]


class EdgeSpec(Strict):
    """What the member gets to see, and what has to be true of what it says (``shoal.edge``)."""

    context: Context | None = None
    """What it gets in place of the message: whole (all that was said before), {summary: tokens}, or a model of which
    it gets the fields."""
    require_sources: bool = False
    """An answer without sources fails the task."""
    checker: Member | None = None
    """Who judges each answer; takes shoal:Judgement, answers shoal:Verdict."""
    criterion: str = "What the answer states is supported by the question, and nothing in it is made up."
    """What the checker judges by."""


class GatedSpec(Strict):
    """Messages to it wait until a person lets them go on (``shoal.gated``)."""

    when: ImportPath | None = None
    """A function of the message that says whether it needs approval; without it, each does."""
    timeout_s: Duration | None = None
    """How long a person can decide; an hour where nothing is said."""


class AcceptedSpec(Strict):
    """Its answers count only when checks pass and verifiers agree (``shoal.accepted``)."""

    checks: list[ImportPath] = Field(default=[])
    """Functions (answer) or (answer, task) that return what is wrong, or nothing."""
    verifiers: Members = Field(default=[])
    """Who verifies; each answers shoal:Verdict."""
    need: int | None = None
    """How many verifiers must agree; all where nothing is said."""
    attempts: int = 1
    """How often it may answer again."""
    returns: ImportPath | None = None
    """The model that an answer has to be."""
    evidence: Literal["quoted", "given", "none"] = "quoted"
    """What an agreement must have to count."""
    distinct: bool = True
    """Refuse a verifier that is the doer, or another verifier."""
    audit: bool = True
    """Ask verifiers also about an answer that a check refused."""
    criterion: str = "The task is done as it asks, completely; nothing is missing, wrong or made up."
    """What verifiers judge by."""
    record: FlagOrType = False
    """Answer with a record of all attempts."""


def _on(value: Any) -> Any:
    return {} if value is True else value


Gating = Annotated[GatedSpec, BeforeValidator(_on, json_schema_input_type=GatedSpec | Literal[True])]


class Wrapped(Strict):
    """What can stand beside any member."""

    capabilities: list[str] = Field(default=[])
    """What it can do, for a team that chooses by that."""
    edge: EdgeSpec | None = None
    """What it gets to see, and what has to be true of what it says."""
    replicas: int | None = Field(default=None, ge=1)
    """So many of it, side by side, behind one address."""
    gated: Gating | None = None
    """Messages to it wait for a person; true, or {when, timeout_s}."""
    accepted: AcceptedSpec | None = None
    """Its answers count only when checks pass and verifiers agree."""
