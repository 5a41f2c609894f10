from __future__ import annotations

import json
from typing import Any

import pytest

from shoal.experiments.replaying.divergence import divergences
from shoal.experiments.replaying.effect_record import EffectRecord
from shoal.experiments.replaying.ended import Ended, ended_of, same_error_text
from shoal.experiments.replaying.lost_rows import of_kills
from shoal.runtime.durable.run_effects import Name
from shoal.runtime.durable.store import Recorded
from shoal.runtime.envelope import derived_id
from shoal.runtime.journal.entries import ASK, MessageEntry
from shoal.runtime.journal.ledger import TaskEntry
from shoal.runtime.journal.sessions import CUT_OFF, FINISHED, Session

DONE = Ended("done", "ok", "")


def message(id: str, cause: str | None, recipient: str, **fields: Any) -> MessageEntry:
    made = MessageEntry(id, cause, "t-1", "team", recipient, "str", 0, 1.0, 0.1, "done")
    return made._replace(**fields)


def root(**fields: Any) -> MessageEntry:
    return message("00", None, "team", kind=ASK, **fields)


def told(
    before: list[MessageEntry],
    now: list[MessageEntry],
    ended: tuple[Ended, Ended] = (DONE, DONE),
    *,
    unsettled: bool = False,
) -> list[str]:
    found = divergences(before, now, EffectRecord({}), ended, unsettled=unsettled)
    return [one.text for one in found]


def test_the_same_messages_are_no_difference() -> None:
    tree = [root(), message("01", "00", "b"), message("02", "00", "c"), message("11", "01", "d")]
    assert told(tree, tree) == []


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"recipient": "c"}, "team sends str to c, and sent str to b then"),
        ({"tag": "int"}, "team sends int to b, and sent str to b then"),
        ({"kind": ASK}, "team asks b str, and told it then"),
        ({"size": 12}, "team sends str of 12 bytes to b, and one of 10 bytes then"),
        (
            {"outcome": "handler_error"},
            "b's handling of str from team ends as handler_error, and ended as done then",
        ),
    ],
)
def test_a_message_with_the_same_id_that_is_another_one_is_told(other: dict[str, Any], said: str) -> None:
    then = message("01", "00", "b", size=10)
    assert told([root(size=3), then], [root(size=3), then._replace(**other)]) == [said]


@pytest.mark.parametrize("other", [{"size": 0}, {"outcome": "cancelled"}, {"sender": "local"}, {"at": 9.0}])
def test_what_is_not_recorded_or_hangs_on_time_is_not_compared(other: dict[str, Any]) -> None:
    then = message("01", "00", "b", size=10)
    assert told([root(), then], [root(), then._replace(**other)]) == []


def test_sizes_of_what_goes_to_boards_are_not_compared() -> None:
    then = message("01", "00", "board/main", size=38)
    assert told([root(size=3), then], [root(size=3), then._replace(size=75)]) == []


def test_two_that_were_sent_at_once_may_change_places_with_all_that_follows_from_them() -> None:
    before = [root(), message("01", "00", "b"), message("02", "00", "c"), message("11", "01", "d")]
    now = [root(), message("01", "00", "c"), message("02", "00", "b"), message("21", "02", "d")]
    assert told(before, now) == []


def test_one_that_is_put_in_between_is_told_alone_and_what_follows_is_counted() -> None:
    before = [root(), message("01", "00", "b"), message("02", "00", "c"), message("21", "02", "d")]
    now = [
        root(), message("01", "00", "b"), message("02", "00", "new"), message("21", "02", "e"),
        message("03", "00", "c"), message("31", "03", "d"),
    ]  # fmt: skip
    assert told(before, now) == [
        "team sends str to new, which it did not do then",
        "1 more messages differ, most of them because of that",
    ]
    assert told(now, before)[0] == "team sent str to new, and does not do so now"
    assert told(now, before, unsettled=True) == []


def test_messages_whose_cause_was_not_journaled_are_held_against_each_other_all_the_same() -> None:
    before, now = [root(), message("91", "90", "b")], [root(), message("91", "90", "b")]
    assert told(before, now) == []
    # On one side the handling that sent it came to its end, on the other it did not.
    assert told(before, [*now, message("90", "00", "c")]) == [], "b's row says that c was sent it then"
    assert told([*before, message("90", "00", "c")], now, unsettled=True) == []


def test_of_a_message_that_was_handled_again_the_last_time_counts() -> None:
    died = message("01", "00", "b", outcome="died")
    assert told([root(), died, message("01", "00", "b")], [root(), message("01", "00", "b")]) == []


ROOT, MARK = bytes(12), b"\0once\0work"
INSIDE = derived_id(ROOT + MARK, 1).hex()


@pytest.mark.parametrize(
    ("key", "recipient", "skipped"),
    [
        ("work", "b", True), ("work", "board/main", True), ("model/1/1/1/d", "b", True),
        ("model/1/1/1/d", "board/main", False),
    ],
)  # fmt: skip
def test_what_was_sent_inside_an_effect_that_was_taken_is_no_difference(
    key: str, recipient: str, skipped: bool
) -> None:
    name, below = Name("team", ROOT, key), Name("b", bytes.fromhex(INSIDE), "step")
    effects = EffectRecord({name: Recorded("str", b""), below: Recorded("str", b"")})
    task = message(ROOT.hex(), None, "team", kind=ASK)
    before = [task, message(INSIDE, ROOT.hex(), recipient), message("11", INSIDE, "c")]
    now = [task]
    assert divergences(before, now, effects, (DONE, DONE), unsettled=False), "it was not taken"
    effects.take(name)
    found = divergences(before, now, effects, (DONE, DONE), unsettled=False)
    assert (found == []) is skipped


@pytest.mark.parametrize("attempt", [1, 3])
def test_what_a_handler_sent_itself_beside_an_effect_is_a_difference(attempt: int) -> None:
    name = Name("team", ROOT, "work")
    effects = EffectRecord({name: Recorded("str", b"")})
    effects.take(name)
    task = message(ROOT.hex(), None, "team", kind=ASK, attempt=attempt)
    sent = message(derived_id(ROOT, ((attempt - 1) << 24) + 1).hex(), ROOT.hex(), "b")
    found = divergences([task, sent], [task], effects, (DONE, DONE), unsettled=False)
    assert [one.text for one in found] == ["team sent str to b, and does not do so now"]


def failed(text: str, kind: str = "app.Broken", **details: Any) -> Ended:
    entry = TaskEntry(
        "t-1", "failed", "team", "str", b"", b"", 1, "", b"", "HandlerError",
        f"team raised {kind} on str: {text}", json.dumps({"type": kind, "agent": "team", **details}), 1.0, 2.0,
    )  # fmt: skip
    return ended_of(entry)


def test_what_a_handler_raised_is_compared_by_its_class_and_by_what_it_said() -> None:
    then = failed("no ticket 5\nand more")
    assert (then.raised, then.said) == ("Broken", "no ticket 5\nand more")
    assert told([], [], (then, failed("no ticket 5\nand more of it"))) == []
    assert told([], [], (then, failed("no ticket 5", kind="__main__.Broken"))) == []
    assert told([], [], (then, failed("no ticket 5", kind="KeyError"))) == [
        "it ended as failed with Broken then, and as failed with KeyError now"
    ]
    assert told([], [], (then, failed("no ticket 6"))) == [
        'its Broken said "no ticket 5\\nand more" then, and says "no ticket 6" now'
    ]


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ("<Plan object at 0x7f01>", "<Plan object at 0x5b22e0>"),
        ("took 3.25 s", "took 12 s"),
        ("at 2026-03-04T05:06:07.123Z", "at 2027-01-01 05:06:07"),
        ("since 1772000000.5", "since 1782000001.25"),
        ("request 0c9f7d3a-1b2c-4d5e-8f90-123456789abc", "request 11111111-1b2c-4d5e-8f90-123456789abc"),
        ("no file /tmp/tmpab12cd_9/run/a.txt", "no file /var/runs/r/a.txt"),
        ("127.0.0.1:51234 refused", "127.0.0.1:49152 refused"),
        ("process 4711 died", "process 12 died"),
        ("one of {'a', 'b'}", "one of {'b', 'a'}"),
        ("asked (via a <- b)", "asked (via b <- a)"),
        ("key [redacted:value] is bad", "key k is bad"),
    ],
)
def test_what_differs_from_run_to_run_in_an_error_counts_as_the_same(then: str, now: str) -> None:
    assert same_error_text(failed(then), failed(now))


def test_details_of_an_error_that_cannot_be_read_leave_its_class() -> None:
    entry = TaskEntry(
        "t-1", "failed", "team", "str", b"", b"", 1, "", b"", "AskTimeout", "no answer in 3 s", "[]", 1.0, 2.0
    )
    assert ended_of(entry) == Ended("failed", None, "AskTimeout", "no answer in 3 s")


def test_messages_whose_rows_a_killed_host_took_along_are_no_difference() -> None:
    now = [root(), message("01", "00", "b"), message("02", "00", "c"), message("21", "02", "d")]
    lost = [now[1]]
    assert told(lost, now) == [], "what the root sent beside may have lost its row as well"
    assert told([now[0], *now[2:]], now) == ["team sends str to b, which it did not do then"], (
        "no row says so"
    )
    more = [*now, message("11", "01", "e")]
    assert told(lost, more) == ["team sends str to e, which it did not do then"], "b has a row"


def test_a_killed_session_is_a_likely_reason() -> None:
    sessions = [Session(1, 1.0, None, CUT_OFF, "local", 1), Session(2, 5.0, 9.0, FINISHED, "local", 2)]
    entry = TaskEntry("t-1", "done", "team", "str", b"", b"", 1, "", b"", "", "", "{}", 2.0, 3.0)
    (said,) = of_kills(sessions, entry)
    assert "was killed" in said
    assert of_kills(sessions, entry._replace(ended_at=6.0)) == []
    assert of_kills([], entry) == []
