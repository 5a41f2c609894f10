"""``by:`` and ``merge:``: what makes one answer of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, GetJsonSchemaHandler, Tag, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from shoal.experiments.teams.strict import OneOf, Strict
from shoal.experiments.teams.words import ImportPath

if TYPE_CHECKING:
    from shoal.experiments.teams.spec import Member


class MajoritySpec(Strict):
    """One vote for each member (``shoal.majority_vote``)."""

    field: str = ""
    """The field of the answers that is compared; all of it where nothing is said."""
    more_than: float = Field(default=0.5, ge=0, lt=1)
    """The share of the votes that an answer must exceed."""
    exact: bool = False
    """Texts that differ in case or white space are different."""

    @model_validator(mode="before")
    @classmethod
    def _of_field(cls, value: Any) -> Any:
        """``majority: label`` is short for its field."""
        return {"field": value} if isinstance(value, str) and cls is MajoritySpec else value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        full = handler(core_schema)
        return {"anyOf": [{"type": "string"}, full]} if cls is MajoritySpec else full


class WeightedSpec(MajoritySpec):
    """A weight for each member's vote (``shoal.weighted_vote``)."""

    weights: dict[str, float]
    """By member; 1 for those that are not named."""


class MergeSpec(Strict):
    """Each member gives some of the fields (``shoal.merge_by_schema``)."""

    model_config = ConfigDict(populate_by_name=True)

    model: ImportPath = Field(alias="schema")
    """The model that comes out."""
    prefer: list[str] = Field(default=[])
    """Whose word counts where two contradict each other."""
    unite: list[str] = Field(default=[])
    """List fields whose entries are put together."""


class ConcatenateSpec(Strict):
    """Texts, or lists, one after the other (``shoal.concatenate``)."""

    separator: str = "\n\n"
    """What is between two texts."""
    named: bool = False
    """Each text behind the name of who gave it."""


def _merge_kind(value: Any) -> str:
    return "<path>" if isinstance(value, str) else "<merge>"


class AggregateSpec(OneOf):
    """What makes one answer of several: one of these."""

    beside = ("fields",)
    majority: MajoritySpec | None = None
    """The answer that more than half of those who answered gave; the field that is compared, or {field, ...}."""
    weighted: WeightedSpec | None = None
    """The same with a weight for each member."""
    ranked: str | None = None
    """The field of the answers that ranks options, best first; empty: the answers are the lists."""
    merge: (
        Annotated[
            Annotated[ImportPath, Tag("<path>")] | Annotated[MergeSpec, Tag("<merge>")],
            Discriminator(_merge_kind),
        ]
        | None
    ) = None
    """The model that the members' fields are put together to, or {schema, prefer, unite}."""
    concatenate: ConcatenateSpec | None = None
    """Texts or lists one after the other."""
    synthesize: Member | None = None
    """Who writes one answer out of all; takes shoal:Synthesis, or text."""
    fields: list[str] = Field(default=[])
    """With synthesize: those that are compared for contradictions."""


def _kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "<path>" if ":" in value else "<word>"
    return "<aggregate>" if isinstance(value, dict | AggregateSpec) else None


By = Annotated[
    Annotated[Literal["majority", "ranked", "concatenate"], Tag("<word>")]
    | Annotated[ImportPath, Tag("<path>")]
    | Annotated[AggregateSpec, Tag("<aggregate>")],
    Discriminator(
        _kind,
        custom_error_type="aggregate",
        custom_error_message=(
            "it is expected to be majority, ranked, concatenate, the import path of a function, or one of "
            "{weighted: ...}, {ranked: field}, {merge: ...}, {synthesize: member}"
        ),
    ),
]
