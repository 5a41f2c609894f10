"""What commits did, in words. The commits are those of a real store."""

from __future__ import annotations

from shoal.blackboard.operations import (
    Claim,
    Complete,
    Delete,
    DeletePrefix,
    Fail,
    GiveBack,
    Grant,
    Post,
    Put,
    Renew,
    Revoke,
    Transaction,
)
from shoal.blackboard.replay.deeds import elapsed, seconds
from shoal.blackboard.replay.stories import Story, Teller, tell_key
from shoal.blackboard.version import Version
from tests.blackboard.store.stand import BOB, Stand, value


def told(stand: Stand, prefix: str = "") -> list[Story]:
    """Everything that happened."""
    return list(Teller().tell(stand.commits, prefix))


def words(stand: Stand) -> list[str]:
    """What happened, each as its key, sign, words and notes."""
    return [
        " · ".join(
            part for part in (f"{one.key} {one.deed.sign} {one.deed.words}".strip(), *one.deed.notes) if part
        )
        for story in told(stand)
        for one in story.happenings
    ]


def test_an_entry_is_put_changed_put_again_and_deleted() -> None:
    stand = Stand()
    for of in (1, 2, 2):
        stand.put("a", of)
    stand.do(Delete("a"))
    stand.put("a", 3)
    assert words(stand) == ["a +", "a ~", "a ~ put again, the same", "a - deleted", "a +"]
    shown = [story.happenings[0].deed for story in told(stand)]
    assert [(deed.before, deed.value) for deed in shown] == [
        (None, value(1)), (value(1), value(2)), (None, value(2)), (None, value(2)), (None, value(3)),
    ]  # fmt: skip


def test_a_story_says_who_wrote_when_and_because_of_what() -> None:
    stand = Stand()
    stand.do(Put("a", value(1)), BOB._replace(task="t"))
    (story,) = told(stand)
    assert story[:5] == (1, stand.now, "agent/bob", b"message-of-bob", "t")


def test_a_work_item_is_posted_claimed_and_completed() -> None:
    stand = Stand()
    stand.post("job", priority=3, tags=("b", "a"), delay_s=5.0, max_attempts=1)
    stand.post("next", depends_on=("job",))
    stand.now += 5
    key, token = stand.claimed(lease_s=30.0)
    stand.now += 0.4
    stand.complete(key, token, value(8))
    assert words(stand) == [
        "job ○ posted · priority 3 · tags a, b · not before 5 s from then · 1 attempt at most",
        "next ○ posted · after job",
        "job ▶ claimed by agent/alice · attempt 1 of 1 · for 30 s",
        "job ✓ completed by agent/alice · after 400 ms",
    ]
    assert told(stand)[-1].happenings[0].deed.value == value(8)


def test_a_claim_that_was_completed_after_its_lease_was_renewed() -> None:
    stand = Stand()
    stand.post("job")
    key, token = stand.claimed(lease_s=10.0)
    for _ in range(3):
        stand.now += 8
        stand.do(Renew(key, token))
    stand.complete(key, token)
    assert words(stand)[-1] == (
        "job ✓ completed by agent/alice · after 24.0 s · its lease of 10 s was renewed meanwhile"
    )


def test_an_item_fails_is_tried_again_and_is_dead_with_what_depends_on_it() -> None:
    stand = Stand()
    stand.post("job", max_attempts=2, backoff_s=5.0)
    stand.post("next", depends_on=("job",))
    for error in ("no", "never"):
        key, token = stand.claimed()
        stand.do(Fail(key, token, error))
        stand.now += 5
    assert words(stand)[2:] == [
        "job ▶ claimed by agent/alice · attempt 1 of 2 · for 30 s",
        "job ↩ failed: no · attempt 1 of 2 · open again in 5 s",
        "job ▶ claimed by agent/alice · attempt 2 of 2 · for 30 s",
        "job ✗ dead: never · attempt 2 of 2",
        "next ✗ dead: it depends on 'job', which is dead",
    ]
    assert [story.revision for story in told(stand)] == [1, 2, 3, 4, 5, 6]


def test_an_item_that_is_not_to_be_tried_again_says_so() -> None:
    stand = Stand()
    stand.post("job")
    key, token = stand.claimed()
    stand.do(Fail(key, token, "hopeless", retry=False))
    assert words(stand)[-1] == "job ✗ dead: hopeless · attempt 1 of 3, not to be tried again"


def test_a_claim_whose_lease_ran_out_names_who_had_it() -> None:
    stand = Stand()
    stand.post("job", max_attempts=2, backoff_s=0.0)
    stand.claimed(BOB, lease_s=10.0)
    stand.advance(10.0)
    stand.claimed(BOB, lease_s=10.0)
    stand.advance(10.0)
    assert words(stand)[2] == "job ↩ a lease ran out: agent/bob had it · attempt 1 of 2 · open again"
    assert words(stand)[4] == "job ✗ dead: a lease ran out, agent/bob had it · attempt 2 of 2"
    assert told(stand)[2].author == ""


def test_giving_back_is_no_attempt() -> None:
    stand = Stand()
    stand.post("job")
    key, token = stand.claimed()
    stand.do(GiveBack(key, token, 1.5), BOB)
    assert words(stand)[-1] == "job ↩ given back by agent/bob · open again in 1.5 s · no attempt"


def test_an_item_that_is_withdrawn_says_how_it_stood() -> None:
    stand = Stand()
    stand.post("a/1")
    stand.claimed(BOB)
    stand.post("a/2")
    stand.do(DeletePrefix("a/"))
    assert words(stand)[-2:] == ["a/1 - withdrawn, claimed by agent/bob", "a/2 - withdrawn, open"]


def test_a_lease_that_ran_out_takes_its_entries() -> None:
    stand = Stand()
    stand.do(Grant("abcdefghij", 30.0))
    stand.put("a", 1, lease="abcdefghij")
    stand.put("a", 2, lease="abcdefghij")
    stand.advance(30.0)
    assert words(stand) == [
        "· lease abcdefgh granted, of 30 s",
        "a + · under lease abcdefgh",
        "a ~",
        "a - a lease ran out",
    ]


def test_a_lease_that_is_ended_takes_its_entries_and_one_without_is_told_alone() -> None:
    stand = Stand()
    for lease in ("first", "second", "third"):
        stand.do(Grant(lease, 150.0))
    stand.put("a", 1, lease="first")
    stand.put("b", 1, lease="third")
    stand.do(Revoke("first"))
    stand.do(Revoke("second"))
    stand.do(Delete("b"))
    assert words(stand)[-3:] == ["a - deleted: lease first ended", "· lease second ended", "b - deleted"]
    stand.advance(150.0)
    assert words(stand)[-1] == "· lease third ran out (of 150 s)"


def test_a_time_to_live_runs_out() -> None:
    stand = Stand()
    stand.put("a", 1, ttl_s=3.0)
    stand.put("a", 2, ttl_s=3.0)
    stand.advance(3.0)
    assert words(stand) == ["a + · for 3 s", "a ~ · for 3 s", "a - its time to live ran out"]


def test_a_transaction_is_one_story() -> None:
    stand = Stand()
    stand.put("a")
    stand.do(Transaction(then=(Put("b", value(1)), Delete("a"), Post("c", value(1)))))
    assert [one.key for one in told(stand)[1].happenings] == ["b", "a", "c"]


def test_under_a_prefix_nothing_else_is_told() -> None:
    stand = Stand()
    stand.do(Grant("lease", 30.0))
    stand.put("a/1")
    stand.put("b/1")
    stand.do(Transaction(then=(Put("a/2", value(1)), Put("b/2", value(1)))))
    assert [[one.key for one in story.happenings] for story in told(stand, "a/")] == [["a/1"], ["a/2"]]


def test_from_a_state_in_between_the_rest_is_told_as_if_from_the_beginning() -> None:
    stand = Stand()
    stand.post("job")
    key, token = stand.claimed()
    stand.put("a", 1, ttl_s=5.0)
    stand.complete(key, token)
    stand.put("a", 2, ttl_s=5.0)
    whole = told(stand)
    for cut in range(len(stand.commits)):
        teller = Teller()
        list(teller.tell(stand.commits[:cut]))
        assert list(Teller(teller.state.values()).tell(stand.commits[cut:])) == whole[cut:]


def test_one_key_is_told_as_within_the_whole() -> None:
    stand = Stand()
    stand.put("other")
    stand.put("a", 1, ttl_s=5.0)
    stand.put("a", 2)
    stand.do(Delete("a"))
    teller = Teller()
    leases: dict[int, dict[str, Version]] = {}
    for commit in stand.commits:
        list(teller.tell([commit]))
        leases[commit[0].mod_revision] = dict(teller.state)
    versions = [version for commit in stand.commits for version in commit if version.key == "a"]
    found = tell_key(versions, None, lambda lease, revision: leases[revision].get(f"\x00lease/{lease}"))
    assert list(found) == told(stand, "a")


def test_what_is_not_kept_is_not_made_up() -> None:
    stand = Stand()
    stand.put("a", 1)
    stand.put("a", 2)
    stand.post("job")
    stand.claimed()
    later = [*Teller().tell([stand.commits[1]]), *Teller().tell([stand.commits[3]])]
    assert [story.happenings[0].deed.notes for story in later] == [("what it replaced is not kept",)] * 2
    assert [story.happenings[0].deed.words for story in later] == ["", "claimed by agent/alice"]


def test_times_are_told_as_they_were_set_or_measured() -> None:
    assert [seconds(s) for s in (0.25, 30.0, 90.0, 600.0)] == ["0.25 s", "30 s", "90 s", "10 min"]
    assert [elapsed(s) for s in (-1.0, 0.0004, 0.4, 2.0, 75.0)] == [
        "0 ms",
        "0 ms",
        "400 ms",
        "2.0 s",
        "1 min 15 s",
    ]


def test_a_completion_that_came_to_nothing_has_no_value() -> None:
    stand = Stand()
    stand.post("job")
    stand.do(Claim())
    stand.do(Complete("job", 2))
    assert told(stand)[-1].happenings[0].deed.value is None
