"""The bandit: it finds the better worker, by what is counted as better, and forgets within bounds."""

from __future__ import annotations

import random
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.runtime.errors import ConfigError
from shoal.topologies.work.bandit import MOST_CONTEXTS, Arm, Bandit
from shoal.topologies.work.routers import Ended, WorkerView

Algorithm = Literal["thompson", "ucb1"]
BOTH: list[Algorithm] = ["thompson", "ucb1"]


def views(*names: str) -> list[WorkerView]:
    return [WorkerView(name, ()) for name in names]


def play(bandit: Bandit, chances: dict[str, float], rounds: int, message: Any = "x") -> list[str]:
    """Let it choose so often, each worker doing well by its chance; what it chose."""
    luck, chosen = random.Random(7), []
    for _ in range(rounds):
        name = bandit(message, views(*chances))
        bandit.learn(message, name, Ended(ok=luck.random() < chances[name], took_s=0.0))
        chosen.append(name)
    return chosen


@pytest.mark.parametrize("algorithm", BOTH)
@pytest.mark.parametrize("seed", range(5))
def test_it_soon_gives_most_to_the_worker_that_does_best(algorithm: Algorithm, seed: int) -> None:
    chosen = play(Bandit(algorithm, seed=seed), {"bad": 0.3, "good": 0.9, "poor": 0.1}, 600)
    assert set(chosen) == {"bad", "good", "poor"}
    assert chosen[-300:].count("good") > 0.75 * 300


def test_the_same_seed_and_outcomes_give_the_same_choices() -> None:
    chances = {"a": 0.5, "b": 0.6}
    runs = [play(Bandit(seed=seed), chances, 50) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize("algorithm", BOTH)
def test_what_is_learned_in_one_context_does_not_count_in_another(algorithm: Algorithm) -> None:
    bandit = Bandit(algorithm, context="kind")
    play(bandit, {"a": 0.95, "b": 0.05}, 200, {"kind": "refund"})
    assert bandit.known("refund")["a"].tries > 120
    assert bandit.known("quote") == {}
    chosen = play(bandit, {"a": 0.05, "b": 0.95}, 200, {"kind": "quote"})
    assert chosen.count("b") > 120


def test_what_is_learned_under_one_label_does_not_count_under_another() -> None:
    bandit = Bandit(seed=2)
    for _ in range(100):
        bandit.learn("x", "a", Ended(ok=True, took_s=0.0, label="refund"))
        bandit.learn("x", "a", Ended(ok=False, took_s=0.0, label="quote"))
        bandit.learn("x", "b", Ended(ok=False, took_s=0.0, label="refund"))
        bandit.learn("x", "b", Ended(ok=True, took_s=0.0, label="quote"))
    workers = views("a", "b")
    assert {bandit.choose("x", workers, "refund") for _ in range(20)} == {"a"}
    assert {bandit.choose("x", workers, "quote") for _ in range(20)} == {"b"}
    assert bandit.known(label="refund")["a"] == Arm(100, 100.0)


def test_a_scoring_function_says_what_is_good_and_slowness_costs() -> None:
    bandit = Bandit(score=lambda message, answer: answer, slow_s=2.0)
    assert bandit.reward("x", Ended(True, 0.0, 0.8)) == 0.8
    assert bandit.reward("x", Ended(True, 2.0, 0.8)) == 0.4
    assert bandit.reward("x", Ended(False, 0.0)) == 0.0
    assert bandit.reward("x", Ended(True, 0.0, 7)) == 1.0
    assert bandit.reward("x", Ended(True, 0.0, float("nan"))) == 0.0
    assert Bandit().reward("x", Ended(True, 99.0)) == 1.0


def test_many_at_once_do_not_all_go_to_the_worker_that_is_least_known() -> None:
    workers, bandit = views("a", "b", "c", "d"), Bandit("ucb1")
    for _ in range(40):
        name = bandit("x", workers)
        next(worker for worker in workers if worker.name == name).open += 1
    assert [worker.open for worker in workers] == [10, 10, 10, 10]
    for worker in workers[:3]:
        bandit.learn("x", worker.name, Ended(ok=True, took_s=0.0))
    workers[3].open = 100
    assert bandit("x", workers[:3]) in "abc"


def test_it_remembers_a_bounded_number_of_contexts_the_latest() -> None:
    bandit = Bandit(context=lambda message: message)
    for number in range(MOST_CONTEXTS + 5):
        bandit.learn(str(number), "a", Ended(ok=True, took_s=0.0))
        bandit.learn("0", "a", Ended(ok=True, took_s=0.0))
    assert bandit.known("1") == {}
    assert bandit.known("0")["a"].tries == MOST_CONTEXTS + 6
    assert bandit.known(str(MOST_CONTEXTS))["a"] == Arm(1, 1.0)


@given(
    st.sampled_from(BOTH),
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0, 1e6)), max_size=60),
    st.sets(st.sampled_from("abcd"), min_size=1),
    st.integers(0, 50),
)
def test_it_always_chooses_one_of_those_that_are_there(
    algorithm: Algorithm, history: list[tuple[str, bool, float]], there: set[str], waiting: int
) -> None:
    bandit = Bandit(algorithm, slow_s=1.0)
    for name, ok, took_s in history:
        bandit.learn("x", name, Ended(ok, took_s))
    workers = [WorkerView(name, (), open=waiting) for name in sorted(there)]
    assert bandit("x", workers) in there
    for arm in bandit.known().values():
        assert 0.0 <= arm.reward <= arm.tries
        assert 0.0 <= arm.mean <= 1.0


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"algorithm": "greedy"}, "algorithm is 'greedy'"),
        ({"context": 7}, "context 7 is neither"),
        ({"score": 7}, "score 7 is no function"),
        ({"slow_s": 0}, "slow_s is 0"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        Bandit(**options)
