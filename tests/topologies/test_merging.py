"""Merging by schema, concatenation, synthesis and plain functions: one answer out of several. Pure."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from shoal.runtime.errors import ConfigError, ShoalError
from shoal.runtime.failure import handler_error
from shoal.topologies.answers.aggregate import aggregate_of
from shoal.topologies.answers.concatenation import concatenate
from shoal.topologies.answers.merging import Merging, merge_by_schema
from shoal.topologies.answers.synthesis import (
    Synthesis,
    conflicts_of,
    in_form,
    synthesize,
    writers_form,
    written_by,
)
from shoal.topologies.answers.voting import majority_vote
from shoal.topologies.errors import Undecided
from shoal.topologies.wiring.signature import signature_of_agent


class Invoice(BaseModel):
    number: str
    cents: int
    lines: list[str] = []
    due: str | None = None


class Head(BaseModel):
    number: str | None = None
    due: str | None = None
    confidence: float = 0.0


class Sum(BaseModel):
    cents: int | None = None
    number: str | None = None


class Aliased(BaseModel):
    total: int = Field(alias="Total")


class Note(BaseModel):
    text: str


# -- merging -----------------------------------------------------------------------------------------------


def test_each_gives_some_of_the_fields_and_none_is_nothing_given() -> None:
    answers = {"head": Head(number="A1"), "sum": Sum(cents=500), "rest": {"lines": ["tea"], "more": 1}}
    assert merge_by_schema(Invoice)("", answers) == Invoice(number="A1", cents=500, lines=["tea"])


def test_what_contradicts_is_no_answer_and_says_who_said_what() -> None:
    answers = {"head": Head(number="A1"), "sum": Sum(number="B2", cents=5), "third": Head(number="a1")}
    outcome = merge_by_schema(Invoice).combine("", answers)
    assert outcome.answer is None
    assert [(one.about, one.values) for one in outcome.conflicts] == [
        ("number", {"head": "A1", "sum": "B2", "third": "a1"})
    ]
    with pytest.raises(Undecided, match="contradicts: number: head: 'A1', sum: 'B2'") as caught:
        merge_by_schema(Invoice)("", answers)
    assert caught.value.details["conflicts"] == {"number": {"head": "A1", "sum": "B2", "third": "a1"}}


def test_whose_word_counts_can_be_said_and_the_conflict_is_reported_all_the_same() -> None:
    answers = {"head": Head(number="A1"), "sum": Sum(number="B2", cents=5)}
    outcome = merge_by_schema(Invoice, prefer=["gone", "sum"]).combine("", answers)
    assert outcome.answer == Invoice(number="B2", cents=5)
    assert [one.about for one in outcome.conflicts] == ["number"]
    assert outcome.dissent == ("head",)
    later = merge_by_schema(Invoice, prefer=["sum"])
    assert later.combine(
        "", {"a": {"due": "x"}, "b": {"due": "y"}, "sum": Sum(cents=5, number="1")}
    ).undecided


def test_lists_can_be_united_each_entry_once_in_the_members_order() -> None:
    answers: dict[str, Any] = {
        "a": {"number": "1", "cents": 1, "lines": ["tea", "milk"]},
        "b": {"lines": ["milk", "salt"]},
    }
    assert merge_by_schema(Invoice, unite=["lines"])("", answers).lines == ["tea", "milk", "salt"]
    assert merge_by_schema(Invoice).combine("", answers).undecided


def test_what_lacks_or_does_not_fit_is_no_answer_and_named() -> None:
    lacking = merge_by_schema(Invoice).combine("", {"head": Head(number="A1")})
    assert "merge_by_schema: Invoice, merged of what came: " in lacking.undecided
    assert "cents" in lacking.undecided
    wrong = merge_by_schema(Invoice).combine("", {"a": {"number": "1", "cents": "many"}})
    assert "cents" in wrong.undecided


def test_fields_are_given_by_their_names_also_where_the_schema_has_aliases() -> None:
    assert merge_by_schema(Aliased)("", {"a": {"total": 5}}).total == 5


@given(
    st.dictionaries(
        st.sampled_from("abcdef"),
        st.fixed_dictionaries(
            {},
            optional={
                "number": st.sampled_from(["1", "2"]),
                "cents": st.integers(0, 2),
                "due": st.none() | st.sampled_from(["x", "y"]),
            },
        ),
        min_size=1,
    )
)
def test_every_value_that_comes_out_was_given_and_no_contradiction_is_lost(answers: dict[str, Any]) -> None:
    outcome = merge_by_schema(Invoice).combine("", answers)
    told: dict[str, set[Any]] = {}
    for answer in answers.values():
        for field, value in answer.items():
            if value is not None:
                told.setdefault(field, set()).add(value)
    assert {one.about for one in outcome.conflicts} == {
        field for field, values in told.items() if len(values) > 1
    }
    if not outcome.undecided:
        for field, values in told.items():
            assert {getattr(outcome.answer, field)} == values


@pytest.mark.parametrize(
    ("merge", "why"),
    [
        (merge_by_schema(Invoice, prefer=["boss"]), "prefer names 'boss', which is none of head, note"),
        (merge_by_schema(Invoice), "member 'note' answers Note, which has none of the fields of Invoice"),
    ],
)
def test_members_that_cannot_be_merged_are_refused(merge: Merging, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        merge.check({"head": (Head,), "note": (Note,)})


def test_a_field_that_nobody_can_give_is_refused() -> None:
    with pytest.raises(ConfigError, match="no member gives 'cents' of Invoice"):
        merge_by_schema(Invoice).check({"head": (Head, type(None))})
    assert merge_by_schema(Invoice).check({"head": (Head,), "sum": (Sum,)}) == (Invoice,)
    assert merge_by_schema(Invoice).check({"head": (Head,), "rest": None}) == (Invoice,)
    with pytest.raises(ConfigError, match="unite names 'colour'"):
        merge_by_schema(Invoice, unite=["colour"])
    wrong: Any = dict
    with pytest.raises(ConfigError, match="is no Pydantic model"):
        merge_by_schema(wrong)
    assert "has no fields" in merge_by_schema(Invoice).objection("text")


# -- concatenation -----------------------------------------------------------------------------------------


def test_texts_and_lists_are_put_one_after_the_other() -> None:
    assert concatenate()("", {"a": "one", "b": "two"}) == "one\n\ntwo"
    assert concatenate("\n", named=True)("", {"a": "one", "b": "two"}) == "a: one\nb: two"
    assert concatenate()("", {"a": [1], "b": [2, 3]}) == [1, 2, 3]
    assert concatenate().combine("", {"a": "one", "b": [2]}).undecided


def test_what_cannot_be_concatenated_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"member 'b' answers Note; .* shoal\.merge_by_schema"):
        concatenate().check({"a": (str,), "b": (Note,)})
    with pytest.raises(ConfigError, match="some members answer texts and some lists"):
        concatenate().check({"a": (str,), "b": (list,)})
    assert concatenate().check({"a": (str,), "b": (str, type(None))}) == (str,)
    assert concatenate().check({"a": None}) is None
    assert concatenate().objection(5) == "its answer is int, not text"
    assert concatenate().objection("x") == ""


# -- synthesis ---------------------------------------------------------------------------------------------


def test_who_writes_is_told_all_answers_their_conflicts_and_who_is_missing() -> None:
    answers = {"a": Head(number="1", due="May"), "b": Head(number="1", due="June"), "c": {"due": "june"}}
    outcome = synthesize(print).combine(Note(text="when?"), answers, ("d",))
    asked = outcome.answer
    assert asked.task == {"text": "when?"}
    assert asked.answers["a"] == {"number": "1", "due": "May", "confidence": 0.0}
    assert [(one.about, one.values) for one in asked.conflicts] == [
        ("due", {"a": "May", "b": "June", "c": "june"})
    ]
    assert asked.missing == ("d",)
    assert outcome.conflicts == asked.conflicts
    text = str(asked)
    assert "They contradict each other:\n- due: a: 'May', b: 'June', c: 'june'" in text
    assert "No answer came from: d" in text


def test_texts_contradict_each_other_as_wholes_and_fields_can_be_chosen() -> None:
    assert [one.about for one in conflicts_of({"a": "x", "b": "y"})] == [""]
    assert conflicts_of({"a": "x", "b": "X "}) == ()
    answers = {"a": Head(number="1", due="May"), "b": Head(number="2", due="June")}
    assert [one.about for one in conflicts_of(answers, ["number"])] == ["number"]
    with pytest.raises(ConfigError, match="no member's answers have the field 'colour'"):
        synthesize(print, fields=["colour"]).check({"a": (Head,)})
    assert synthesize(print, fields=["number"]).check({"a": (Head,)}) is None


class Typed(Synthesis):
    task: Note
    answers: dict[str, Head]


async def typed(synthesis: Typed) -> str:
    return ""


async def plain(synthesis: Synthesis) -> Note:
    return Note(text="")


async def as_text(text: str) -> Note:
    return Note(text=text)


async def other(note: Note) -> str:
    return ""


def test_who_writes_gets_it_in_the_form_that_it_takes() -> None:
    synthesis = synthesize(print).combine(Note(text="when?"), {"a": Head(number="1")}).answer
    note = Note(text="when?")
    assert in_form(synthesis, note, writers_form(signature_of_agent(plain))) is synthesis
    assert in_form(synthesis, note, writers_form(signature_of_agent(as_text))) == str(synthesis)
    given_to = in_form(synthesis, note, writers_form(signature_of_agent(typed)))
    assert (given_to.task, given_to.answers) == (note, {"a": Head(number="1")})
    assert written_by(signature_of_agent(plain)) == (Note,)
    with pytest.raises(ConfigError, match=r"accepts Note, neither Synthesis \(shoal.Synthesis\) nor str"):
        written_by(signature_of_agent(other))


# -- functions, and how undecided travels ------------------------------------------------------------------


def pick(message: Any, answers: Any) -> Note:
    return Note(text=max(answers, key=lambda name: len(answers[name].text)))


def test_a_plain_function_is_an_aggregate_and_says_what_it_returns() -> None:
    by = aggregate_of(pick)
    assert by.label == "pick"
    assert by.check({"a": (Head,)}) == (Note,)
    assert by("", {"a": Note(text="x"), "b": Note(text="long")}) == Note(text="b")
    assert by.objection(None)
    assert pickle.loads(pickle.dumps(by)).label == "pick"


async def later(message: Any, answers: Any) -> Any:
    return None


@pytest.mark.parametrize(
    ("by", "why"),
    [
        ("majority", "by is 'majority'; give a vote"),
        (None, "by is None; give a vote"),
        (Note, "give a vote"),
        (later, r"by is 'later', an async function; .* shoal\.synthesize\(later\)"),
    ],
)
def test_what_is_no_aggregate_is_refused_with_what_would_be(by: Any, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        aggregate_of(by)


def test_undecided_reaches_the_asker_as_an_object_however_much_was_said() -> None:
    long = {f"member-{n}": Note(text=f"{n}" + "\N{GRINNING FACE}" * 5000) for n in range(500)}
    merge: Any = {f"member-{n}": {"number": str(n) * 500, "cents": n, "due": str(n)} for n in range(500)}
    for by, answers in ((majority_vote(), long), (merge_by_schema(Invoice), merge)):
        with pytest.raises(Undecided) as caught:
            by("", answers)
        assert len(caught.value.text) < 3000
        cause = handler_error(caught.value, "team", "Note").cause
        assert isinstance(cause, Undecided)
        assert isinstance(cause, ShoalError)
        assert cause.details["answers"]
        assert isinstance(cause.details["votes"], list)
