"""A supervisor that was itself restarted and finds its children alive, some of them."""

import pytest

from shoal.runtime.supervision import (
    Added,
    Adopt,
    AutoShutdown,
    Backoff,
    EndReason,
    Exited,
    ExitKind,
    Living,
    ReportKind,
    Restart,
    StartChild,
    Started,
    Status,
    Strategy,
)
from tests.runtime.supervision.rig import (
    ABNORMAL,
    NORMAL,
    Rig,
    child,
    dynamic,
    living_ids,
    start_dynamic,
    supervisor,
)


def _living(**tokens: int) -> dict[str, Living]:
    return {id: Living(token, f"{id}@{token}") for id, token in tokens.items()}


def test_living_children_are_kept_as_they_are() -> None:
    rig = Rig(supervisor(*map(child, "abc"))).adopt(Adopt(_living(a=4, b=9, c=7)))
    assert rig.begun
    assert rig.log == []
    assert rig.which() == dict.fromkeys("abc", Status.RUNNING)
    assert [info.ref for info in rig.machine.children] == ["a@4", "b@9", "c@7"]
    assert [report.child for report in rig.reported(ReportKind.ADOPTED)] == ["a", "b", "c"]
    rig.exits("b")
    assert rig.living["b"] == 10, "above all tokens that are alive"
    rig.shut_down()
    assert rig.ended is not None
    assert rig.living == {}


def test_missing_children_are_restarted_and_that_is_not_counted() -> None:
    rig = Rig(supervisor(*map(child, "abcd"), intensity=0)).adopt(Adopt(_living(b=2)))
    assert sorted(rig.log) == ["start a", "start c", "start d"]
    assert rig.ended is None
    assert living_ids(rig) == list("abcd")
    rig.exits("b")
    assert rig.ended is not None


def test_a_missing_child_that_does_not_come_back_is_counted_from_then_on() -> None:
    rig = Rig(supervisor(child("a"), child("b"), intensity=2))
    rig.always["a"] = ABNORMAL
    rig.adopt(Adopt(_living(b=2)))
    assert rig.ended is not None
    assert rig.ended.reason is EndReason.GAVE_UP
    assert rig.log.count("start a") == 3


def test_a_missing_child_counts_as_lost_unless_its_end_is_known() -> None:
    children = [child(id, restart=Restart.TRANSIENT) for id in "ab"]
    rig = Rig(supervisor(*children)).adopt(Adopt({}, ended={"a": NORMAL}))
    assert rig.which() == {"a": Status.DOWN, "b": Status.RUNNING}
    assert rig.machine.children[1].last_exit is not None
    assert rig.machine.children[1].last_exit.kind is ExitKind.LOST


def test_a_missing_temporary_child_is_forgotten() -> None:
    rig = Rig(supervisor(child("a", restart=Restart.TEMPORARY), child("b"))).adopt(Adopt(_living(b=1)))
    assert rig.which() == {"b": Status.RUNNING}


def test_a_missing_significant_child_can_end_the_supervisor() -> None:
    gone = child("a", restart=Restart.TEMPORARY, significant=True)
    rig = Rig(supervisor(gone, child("b"), auto_shutdown=AutoShutdown.ANY_SIGNIFICANT))
    rig.adopt(Adopt(_living(b=1)))
    assert rig.ended is not None
    assert rig.ended.reason is EndReason.AUTO_SHUTDOWN
    assert rig.living == {}


@pytest.mark.parametrize(
    ("strategy", "log"),
    [
        (Strategy.ONE_FOR_ALL, ["stop e", "stop c", "stop a", *(f"start {id}" for id in "abcde")]),
        (Strategy.REST_FOR_ONE, ["stop e", "stop c", *(f"start {id}" for id in "bcde")]),
    ],
)
def test_the_strategy_holds_for_missing_children_and_brings_them_back_once(
    strategy: Strategy, log: list[str]
) -> None:
    rig = Rig(supervisor(*map(child, "abcde"), strategy=strategy, intensity=0))
    rig.adopt(Adopt(_living(a=1, c=3, e=5)))
    assert rig.log == log
    assert living_ids(rig) == list("abcde")


def test_the_living_that_nobody_knows_are_stopped_and_waited_for() -> None:
    rig = Rig(supervisor(child("a")))
    rig.stops["stranger"] = "hold"
    rig.adopt(Adopt(_living(a=1, stranger=2)))
    assert rig.log == ["stop stranger"]
    assert rig.which() == {"a": Status.RUNNING}
    rig.shut_down()
    assert rig.ended is None
    rig.stopped("stranger")
    assert rig.ended is not None


def test_a_stranger_that_ends_before_the_supervisor_is_waited_for_no_longer() -> None:
    rig = Rig(supervisor(child("a"))).adopt(Adopt(_living(a=1, stranger=2)))
    assert living_ids(rig) == ["a"]
    rig.send(Exited("stranger", 2, NORMAL))
    rig.shut_down()
    assert rig.ended is not None


def test_a_child_that_was_added_at_run_time_is_kept_where_its_spec_is_known() -> None:
    added = child("added", restart=Restart.TRANSIENT)
    rig = Rig(supervisor(child("a"))).adopt(
        Adopt({"added": Living(5, "added@5", spec=added), **_living(a=1)})
    )
    assert list(rig.which()) == ["a", "added"], "after those of the supervisor's own spec"
    rig.exits("added")
    assert rig.living["added"] == 6


def test_a_dynamic_supervisor_keeps_all_the_living_and_makes_no_id_twice() -> None:
    rig = Rig(dynamic()).adopt(Adopt({"c-7": Living(3, "x", extra="e"), "mine": Living(4, "y")}))
    assert rig.which() == {"c-7": Status.RUNNING, "mine": Status.RUNNING}
    assert start_dynamic(rig, 1) == ["c-8"]
    rig.exits("c-7")
    assert rig.last_start["c-7"].extra == "e"


def test_word_of_an_incarnation_from_before_is_not_taken_for_word_of_a_new_one() -> None:
    rig = Rig(supervisor(child("a"), child("b")), first_token=1000).adopt(Adopt(_living(a=1)))
    assert rig.living["b"] == 1000
    rig.send(Exited("b", 2, ABNORMAL))
    rig.send(Started("b", 2, "b@2"))
    assert rig.living == {"a": 1, "b": 1000}
    assert rig.reported(ReportKind.EXITED) == []


def test_a_missing_child_waits_out_its_backoff() -> None:
    pause = Backoff(initial_s=1, jitter=0)
    rig = Rig(supervisor(child("a"), backoff=pause)).adopt(Adopt({}))
    assert rig.begun
    assert rig.log == []
    rig.wait_s(1)
    assert living_ids(rig) == ["a"]


def test_a_child_of_a_strangers_name_starts_when_the_stranger_is_gone() -> None:
    rig = Rig(supervisor())
    rig.stops["a"] = "hold"
    rig.adopt(Adopt(_living(a=1)))
    rig.send(StartChild("s", child("a")))
    assert rig.take_log() == ["stop a"]
    rig.stopped("a")
    assert rig.take_log() == ["start a"]
    assert rig.replies["s"].error is None


def test_an_address_that_went_on_to_another_child_still_finds_that_one() -> None:
    rig = Rig(dynamic()).adopt(Adopt({"c-1": Living(1, "shared"), "c-2": Living(2, "shared")}))
    assert rig.terminate_child("c-1") is None
    assert rig.terminate_child("shared") is None
    assert rig.which() == {}


def test_late_word_that_a_stranger_started_does_not_make_it_gone() -> None:
    rig = Rig(supervisor())
    rig.stops["stranger"] = "hold"
    rig.adopt(Adopt(_living(stranger=1)))
    rig.send(Started("stranger", 1, "stranger@1"))
    rig.shut_down()
    assert rig.ended is None
    rig.stopped("stranger")
    assert rig.ended is not None


def test_children_added_at_run_time_that_are_missing_are_started_again() -> None:
    rig = Rig(supervisor(child("a"), intensity=0)).adopt(
        Adopt(_living(a=1), added={"extra": Added(child("extra")), "lost": Added()})
    )
    assert living_ids(rig) == ["a", "extra"]
    assert rig.ended is None


def test_dynamic_children_that_are_missing_are_started_again_with_what_they_had() -> None:
    rig = Rig(dynamic()).adopt(Adopt({}, added={"c-4": Added(extra=("x",))}))
    assert rig.last_start["c-4"].extra == ("x",)
    assert start_dynamic(rig, 1) == ["c-5"]


def test_children_that_were_down_stay_down_and_can_be_started() -> None:
    rig = Rig(supervisor(child("a"), child("b"))).adopt(
        Adopt(_living(a=1), ended={"b": NORMAL}, down=frozenset({"b"}))
    )
    assert rig.which() == {"a": Status.RUNNING, "b": Status.DOWN}
    assert [info.last_exit for info in rig.machine.children][1] == NORMAL
    rig.restart_child("b")
    assert rig.which()["b"] == Status.RUNNING
