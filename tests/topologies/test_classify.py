"""What is read from a rule's and a model's word, without anything that runs."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shoal.runtime.errors import ConfigError
from shoal.topologies.work.classify import (
    UNKNOWN,
    Classified,
    Classify,
    labels_of,
    labels_of_rule,
    read_label,
)


class Label(BaseModel):
    label: Literal["billing", "login"]
    reason: str = ""


class Guess(BaseModel):
    label: str
    confidence: float


@pytest.mark.parametrize(
    ("said", "label", "confidence"),
    [
        (("billing", 0.9), "billing", 0.9),
        (["billing", 1], "billing", 1.0),
        (" billing\n", "billing", 1.0),
        (Label(label="login"), "login", 1.0),
        (Guess(label="login", confidence=0.2), "login", 0.2),
        ({"label": "login", "confidence": 0.3}, "login", 0.3),
        (Classified(label="x", confidence=0.5), "x", 0.5),
        (("x", 7.0), "x", 1.0),
        (("x", -1), "x", 0.0),
    ],
)
def test_a_label_is_read_from_whatever_says_one(said: Any, label: str, confidence: float) -> None:
    assert read_label(said) == Classified(label=label, confidence=confidence)


@pytest.mark.parametrize(
    "said", [None, 7, (), ("a", "b"), ("a", True), ("a", float("nan")), {"other": 1}, object()]
)
def test_what_says_nothing_counts_as_not_knowing(said: Any) -> None:
    assert read_label(said) == UNKNOWN


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_rule_is_sure_from_its_threshold_on(confidence: float, threshold: float) -> None:
    classify = Classify(rule=lambda message: ("x", confidence), threshold=threshold)
    assert classify.is_sure(classify.by_rule("m")) == (confidence >= threshold)


def test_without_a_label_or_with_one_that_does_not_exist_nobody_is_sure() -> None:
    classify = Classify(rule=lambda message: message, labels=["a"])
    assert [classify.is_sure(classify.by_rule(said)) for said in ("a", "b", "", None)] == [
        True,
        False,
        False,
        False,
    ]
    assert [classify.is_believed(classify.by_model(said)) for said in ("a", "b", ("a", 0.4))] == [
        True,
        False,
        False,
    ]
    assert not Classify(model=7).is_sure(Classify(model=7).by_rule("m"))


def test_the_labels_are_known_where_an_annotation_lists_them() -> None:
    def rule(message: str) -> tuple[Literal["a", "b"], float]:
        return "a", 1.0

    assert labels_of_rule(rule) == ("a", "b")
    assert labels_of_rule(lambda message: "a") is None
    assert labels_of(Label) == ("billing", "login")
    assert labels_of(Literal["x"]) == ("x",)
    assert [labels_of(kind) for kind in (str, Guess, Literal[1], None)] == [None] * 4


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, "neither a rule nor a model"),
        ({"rule": 7}, "the rule 7 is no plain function"),
        ({"rule": len, "threshold": 85}, "threshold is 85; confidence is from 0 to 1"),
        ({"rule": len, "model_threshold": -1}, "model_threshold is -1"),
        ({"rule": len, "labels": "abc"}, "labels is 'abc'"),
        ({"rule": len, "labels": []}, r"labels is \[\]"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        Classify(**options).validate()


def test_a_rule_that_is_async_is_refused() -> None:
    async def rule(message: str) -> str:
        return message

    with pytest.raises(ConfigError, match="is no plain function"):
        Classify(rule=rule).validate()
