"""k of n."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from shoal.actors.llm.votes import Votes
from shoal.errors import AnswerRefused


class Label(BaseModel):
    label: str
    reason: str = ""


def test_the_answer_with_enough_votes_is_taken() -> None:
    assert Votes(of=3, needed=2).count(["Yes", "no", " yes "]) == "Yes"


def test_only_the_named_field_is_compared() -> None:
    answers = [Label(label="a", reason="1"), Label(label="b"), Label(label="a", reason="2")]
    assert Votes(of=3, needed=2, by="label").count(answers) is answers[0]
    with pytest.raises(AnswerRefused):
        Votes(of=3, needed=2).count(answers)


def test_no_quorum_gives_nobodys_answer_but_the_votes() -> None:
    with pytest.raises(AnswerRefused, match=r"2 times in 3.*1 failed: slow") as caught:
        Votes(of=3, needed=2).count(["a", "b"], ["slow"])
    assert caught.value.details["votes"] == {"a": 1, "b": 1}


def test_more_votes_than_times_asked_are_refused() -> None:
    with pytest.raises(ValidationError, match="asked 2 times"):
        Votes(of=2, needed=3)
