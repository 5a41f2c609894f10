"""Variables of the environment, told apart by what they hold without it being written down."""

from __future__ import annotations

from shoal.experiments.running.variables import Variables, named_in

HELD = {"MODEL_NAME": "small", "OTHER": "x"}


def test_what_a_variable_held_is_told_from_another_value_and_not_written_down() -> None:
    kept = Variables().with_more(["MODEL_NAME"], HELD)
    assert not kept.differs("MODEL_NAME", HELD)
    assert kept.differs("MODEL_NAME", {"MODEL_NAME": "big"})
    assert "small" not in kept.model_dump_json()
    assert Variables.model_validate_json(kept.model_dump_json()) == kept


def test_the_same_value_has_another_hash_in_each_run() -> None:
    one, other = Variables().with_more(HELD, HELD), Variables().with_more(HELD, HELD)
    assert one.hashes["MODEL_NAME"] != other.hashes["MODEL_NAME"]


def test_what_nobody_noted_down_counts_as_the_same_and_is_noted_beside_the_rest() -> None:
    before = Variables().with_more(["MODEL_NAME"], HELD)
    assert not before.differs("OTHER", HELD)
    more = before.with_more(["MODEL_NAME", "OTHER"], {"MODEL_NAME": "big", "OTHER": "x"})
    assert more.differs("MODEL_NAME", {"MODEL_NAME": "big"})  # as it was, not as it is
    assert more.differs("OTHER", {"OTHER": "y"})


def test_variables_are_found_in_texts_with_their_fields() -> None:
    data = {"models": {"default": {"model": "${A}/${B}", "stop": ["$${C}", "${D}"]}}, "n": 3}
    assert named_in(data) == {
        "A": "models.default.model",
        "B": "models.default.model",
        "D": "models.default.stop.1",
    }


def test_a_secret_by_the_name_of_its_field_or_its_own_is_none_that_results_depend_on() -> None:
    extra = {"api_key": "${A}", "user_token": "${B}", "url": "postgresql://me:${DB_PASSWORD}@host"}
    assert named_in({**extra, "top": "${TOP_K}"}) == {"TOP_K": "top"}
