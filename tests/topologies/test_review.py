"""What a review amounts to: checks, verdicts, evidence, who is the same speaker, what changed. Pure."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shoal.actors.llm import Verdict
from shoal.topologies.review.checks import failed_checks, shaped
from shoal.topologies.review.debate_record import changes
from shoal.topologies.review.distinct import same_speaker
from shoal.topologies.review.evidence import lacking_evidence
from shoal.topologies.review.panel import review_of
from shoal.topologies.review.revision import Contested, Dispute, Objection, Revision
from tests.topologies.crew import Bundle, Draft, Failing, Step, Ticket, Worker

TASK = Ticket(text='He said "no",\nand left.', steps=["a", "b"])
verdicts = st.dictionaries(
    st.sampled_from("abcde"), st.sampled_from(["good", "bad", "bare", "odd", "broken"]), max_size=5
)


def verdict(kind: str) -> Any:
    made: dict[str, Any] = {
        "good": Verdict(good=True, evidence=["left"]),
        "bad": Verdict(good=False, why="no"),
        "bare": Verdict(good=True),
        "odd": "fine",
        "broken": ValueError("x"),
    }
    return made[kind]


@given(verdicts, st.integers(0, 5), st.booleans())
def test_an_answer_is_accepted_when_no_check_fails_and_enough_agree_with_evidence(
    kinds: dict[str, str], needed: int, failing: bool
) -> None:
    checks = [Objection(by="check", why="no")] if failing else []
    review = review_of(
        checks, {name: verdict(kind) for name, kind in kinds.items()}, needed, "quoted", TASK, "answer"
    )
    good = [name for name, kind in kinds.items() if kind == "good"]
    assert list(review.agreed) == good
    assert review.accepted == (not failing and len(good) >= needed)
    assert list(review.disagreements) == (good if failing else [])
    against = [name for name, kind in kinds.items() if kind in ("bad", "bare", "odd")]
    assert [one.by for one in review.objections] == ["check"] * failing + against
    if review.undecided is not None:
        assert not review.accepted
        assert not review.objections
        assert review.failed


@pytest.mark.parametrize(
    ("passage", "there"),
    [
        ('he said  "NO",', True),
        ("\nand left.", True),
        ('\\"no\\",\\nand', True),
        ("b", True),
        ("an answer", True),
        ("he stayed", False),
    ],
)
def test_a_quote_is_looked_for_in_task_and_answer_as_they_are_and_as_they_are_shown(
    passage: str, there: bool
) -> None:
    assert bool(lacking_evidence("quoted", [passage], TASK, {"x": ["An  answer"]})) is not there
    assert lacking_evidence("given", [passage], TASK) == ""


@given(st.text(min_size=1).filter(str.strip), st.text(), st.text())
def test_every_part_of_a_text_is_evidence_for_it(part: str, before: str, after: str) -> None:
    assert lacking_evidence("quoted", [part], f"{before} {part} {after}") == ""


def test_one_passage_that_is_nowhere_spoils_the_evidence_and_blank_ones_are_none() -> None:
    assert "'zebra'" in lacking_evidence("quoted", ["left", "zebra"], TASK)
    assert lacking_evidence("quoted", ["left", " "], TASK) == ""
    assert lacking_evidence("quoted", [" ", ""], TASK) == "it gave no evidence"
    assert lacking_evidence("given", [" ", ""], TASK) == "it gave no evidence"


def test_a_check_says_what_is_wrong_in_any_of_its_ways() -> None:
    def number(answer: Any) -> Any:
        return 3

    checks = [lambda a: None, lambda a: True, lambda a: False, lambda a: "short", lambda a: 1 / 0, number]
    found = asyncio.run(failed_checks(checks, "x", "task"))
    assert [one.why for one in found] == [
        "refused", "short", "ZeroDivisionError: division by zero",
        "it returned 3: a check returns what is wrong, or None",
    ]  # fmt: skip
    assert found[-1].by == "number"


def test_an_answer_gets_its_shape_or_says_which_fields_keep_it_from_that() -> None:
    assert shaped({"text": "x"}, Draft) == (Draft(text="x"), [])
    assert shaped(Draft(text="x"), Draft)[1] == []
    assert shaped("x", None) == ("x", [])
    (wrong,) = shaped({"steps": "x"}, Draft)[1]
    assert "text: Field required" in wrong.why
    assert shaped(3, Draft)[1][0].why == "int is no Draft"


class Sized(BaseModel):
    text: str
    size: int


def test_changes_are_a_diff_by_field_and_line() -> None:
    assert changes("a\nb", "a\nc").splitlines()[3:] == [" a", "-b", "+c"]
    diff = changes(Sized(text="one\ntwo", size=1), Sized(text="one\n2", size=1)).splitlines()
    assert diff[3:] == [" text: one", "-text: two", "+text: 2", " size: 1"]
    assert changes("same", "same") == ""
    assert changes("x\n" * 3000, "") == "too long to compare: 3,000 lines before, 0 after"


async def function(ticket: Ticket) -> Draft:
    return Draft(text="")


def make_one() -> Worker:
    return Worker()


def make_another() -> Worker:
    return Worker()


class Odd(Worker):
    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = object.__hash__


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Worker("a"), Worker("a"), True),
        (Worker("a"), Worker("b"), False),
        (Worker("a"), Worker, False),
        (Failing(), Failing, True),
        (Failing, Failing, True),
        (Step("a"), Worker("a"), False),
        (function, function, True),
        (make_one, make_another, False),
        (Odd("a"), Odd("a"), True),
    ],
)
def test_who_is_the_same_speaker_is_seen_from_how_it_is_made(one: Any, other: Any, same: bool) -> None:
    assert same_speaker(one, other) is same
    assert same_speaker(other, one) is same


def test_messages_read_as_text_and_hold_what_they_carry_as_data() -> None:
    objection = Objection(by="ann", why="too long", evidence=("x",))
    revision = Revision(task=TASK, draft=Bundle(texts=["t"]), objections=(objection,), round=2)
    assert revision.task == {"text": TASK.text, "skill": "", "steps": ["a", "b"]}
    assert str(revision).splitlines()[-2:] == [
        "- ann: too long ['x']", "Answer the task again, and mend that.",
    ]  # fmt: skip
    dispute = Dispute(task="t", drafts=(Contested(answer="one", objections=(objection,)),))
    assert str(revision).splitlines()[1] == 'Your answer in round 1: {"texts":["t"]}'
    assert str(dispute).splitlines()[:3] == ["Task: t", "Draft 1: one", "- ann: too long ['x']"]
