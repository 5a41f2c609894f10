"""Exits: what is normal, and the chain of causes in words."""

import pytest

from shoal.runtime.supervision import Exit, ExitKind


@pytest.mark.parametrize("kind", list(ExitKind))
def test_only_normal_and_shutdown_are_normal(kind: ExitKind) -> None:
    assert Exit(kind=kind, text="any").normal is (kind in {ExitKind.NORMAL, ExitKind.SHUTDOWN})


def test_the_chain_of_causes_is_told_from_the_last_to_the_first() -> None:
    first = Exit(kind=ExitKind.ERROR, text="boom", who="w")
    chain = Exit(kind=ExitKind.SHUTDOWN, text="gave up", who="s", cause=first)
    assert list(chain.chain()) == [chain, first]
    assert chain.describe() == "s: shutdown: gave up\n  because w: error: boom"


def test_an_exit_survives_the_way_to_another_process() -> None:
    chain = Exit(kind=ExitKind.SHUTDOWN, who="s", cause=Exit(kind=ExitKind.HUNG, text="blocked"))
    assert Exit.model_validate_json(chain.model_dump_json()) == chain


def test_a_name_is_filled_in_once() -> None:
    exit = Exit(kind=ExitKind.NORMAL).named("a")
    assert exit.who == "a"
    assert exit.named("b").who == "a"
