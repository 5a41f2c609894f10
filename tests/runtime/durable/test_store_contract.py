from __future__ import annotations

import pickle

import pytest

from shoal.runtime.durable import Fenced, Handled, Recorded, StoreError, Unknown
from tests.runtime.durable.stores import MakeStore

SCOPE = b"message-0001"


def _ids(handled: list[Handled]) -> list[bytes]:
    return [each.id for each in handled]


def test_an_agent_nobody_saved_opens_empty(make: MakeStore) -> None:
    store = make()
    assert store.generation("desk") == 0
    saved = store.open("desk", 1)
    assert (saved.state, saved.handled) == (None, [])
    assert store.generation("desk") == 1


def test_the_next_incarnation_finds_the_last_state_and_everything_handled_in_order(make: MakeStore) -> None:
    store = make()
    store.open("desk", 1)
    reply = Handled(b"b" * 12, 2, "m:Label", b"\x00\xff")
    store.commit("desk", 1, ("m:State", b"one"), [Handled(b"a" * 12)])
    store.commit("desk", 1, ("m:State", b"two"), [reply, Handled(b"c" * 12)])
    saved = make().open("desk", 2)
    assert saved.state == ("m:State", b"two")
    assert saved.handled == [Handled(b"a" * 12), reply, Handled(b"c" * 12)]
    assert all(type(each) is Handled for each in saved.handled)


def test_a_commit_without_a_state_leaves_the_saved_one(make: MakeStore) -> None:
    store = make()
    store.open("desk", 1)
    store.commit("desk", 1, ("m:State", b"one"))
    store.commit("desk", 1, None, [Handled(b"a" * 12)])
    saved = store.open("desk", 2)
    assert saved.state == ("m:State", b"one")
    assert _ids(saved.handled) == [b"a" * 12]


def test_an_empty_state_is_a_state(make: MakeStore) -> None:
    store = make()
    store.open("desk", 1)
    store.commit("desk", 1, ("dict", b""))
    assert store.open("desk", 2).state == ("dict", b"")


def test_agents_do_not_see_one_another(make: MakeStore) -> None:
    store = make()
    for agent in ("desk", "desk/1", "Desk"):
        store.open(agent, 1)
        store.commit(agent, 1, ("m:S", agent.encode()), [Handled(agent.encode())])
        assert store.once_begin(agent, 1, SCOPE, "pay") is None
    for agent in ("desk", "desk/1", "Desk"):
        saved = store.open(agent, 2)
        assert saved.state == ("m:S", agent.encode())
        assert _ids(saved.handled) == [agent.encode()]


def test_only_the_newest_of_the_window_are_kept(make: MakeStore) -> None:
    store = make(window=10)
    store.open("desk", 1)
    sent = [bytes([number]) * 12 for number in range(47)]
    for start in range(0, 47, 3):
        store.commit("desk", 1, None, [Handled(each) for each in sent[start : start + 3]])
    assert _ids(make(window=10).open("desk", 2).handled) == sent[-10:]


def test_one_commit_may_hold_more_than_the_window(make: MakeStore) -> None:
    store = make(window=4)
    store.open("desk", 1)
    store.commit("desk", 1, None, [Handled(bytes([number])) for number in range(10)])
    assert _ids(store.open("desk", 2).handled) == [bytes([number]) for number in range(6, 10)]


def test_an_older_generation_can_do_nothing_once_a_newer_one_has_opened(make: MakeStore) -> None:
    old, new = make(), make()
    old.open("desk", 3)
    old.commit("desk", 3, ("m:S", b"old"), [Handled(b"a")])
    assert old.once_begin("desk", 3, SCOPE, "pay") is None
    new.open("desk", 4)
    for late in (
        lambda: old.open("desk", 3),
        lambda: old.commit("desk", 3, ("m:S", b"late"), [Handled(b"b")]),
        lambda: old.once_look("desk", 3, SCOPE, "pay"),
        lambda: old.once_begin("desk", 3, SCOPE, "pay"),
        lambda: old.once_begin("desk", 3, SCOPE, "other"),
        lambda: old.once_done("desk", 3, SCOPE, "pay", "int", b"\x01"),
        lambda: old.once_failed("desk", 3, SCOPE, "pay"),
    ):
        with pytest.raises(Fenced) as fenced:
            late()
        assert fenced.value.details == {"agent": "desk", "generation": 3, "holder": 4}
    saved = new.open("desk", 4)
    assert saved.state == ("m:S", b"old")
    assert _ids(saved.handled) == [b"a"]
    assert new.once_begin("desk", 4, SCOPE, "pay") == Unknown(3)
    assert new.once_begin("desk", 4, SCOPE, "other") is None


def test_the_same_generation_may_open_again(make: MakeStore) -> None:
    store = make()
    store.open("desk", 1)
    store.commit("desk", 1, ("m:S", b"one"), [Handled(b"a")])
    assert store.open("desk", 1).state == ("m:S", b"one")
    store.commit("desk", 1, None, [Handled(b"b")])
    assert _ids(store.open("desk", 2).handled) == [b"a", b"b"]


def test_an_agent_that_was_not_opened_cannot_be_written(make: MakeStore) -> None:
    store = make()
    with pytest.raises(StoreError, match="has not opened"):
        store.commit("desk", 1, ("m:S", b"one"))
    store.open("desk", 1)
    with pytest.raises(StoreError, match="has not opened"):
        store.commit("desk", 2, ("m:S", b"one"))
    assert store.open("desk", 2).state is None


def test_an_effect_that_was_done_gives_its_result_from_then_on(make: MakeStore) -> None:
    store = make()
    store.open("desk", 1)
    assert store.once_begin("desk", 1, SCOPE, "pay") is None
    store.once_done("desk", 1, SCOPE, "pay", "m:Receipt", b"42")
    assert store.once_begin("desk", 1, SCOPE, "pay") == Recorded("m:Receipt", b"42")
    later = make()
    later.open("desk", 2)
    assert later.once_begin("desk", 2, SCOPE, "pay") == Recorded("m:Receipt", b"42")


def test_an_effect_that_began_and_was_never_recorded_is_unknown_and_names_who_began_it(
    make: MakeStore,
) -> None:
    store = make()
    store.open("desk", 1)
    assert store.once_begin("desk", 1, SCOPE, "pay") is None
    assert store.once_begin("desk", 1, SCOPE, "pay") == Unknown(1)
    store.open("desk", 2)
    assert store.once_begin("desk", 2, SCOPE, "pay") == Unknown(1)
    store.once_done("desk", 2, SCOPE, "pay", "int", b"\x07")
    assert store.once_begin("desk", 2, SCOPE, "pay") == Recorded("int", b"\x07")


def test_an_effect_that_failed_may_be_tried_again(make: MakeStore) -> None:
    store = make()
    store.open("desk", 1)
    assert store.once_begin("desk", 1, SCOPE, "pay") is None
    store.once_failed("desk", 1, SCOPE, "pay")
    assert store.once_begin("desk", 1, SCOPE, "pay") is None


def test_a_recorded_result_is_never_replaced_nor_forgotten(make: MakeStore) -> None:
    store = make()
    store.open("desk", 1)
    store.once_begin("desk", 1, SCOPE, "pay")
    store.once_done("desk", 1, SCOPE, "pay", "int", b"first")
    store.once_done("desk", 1, SCOPE, "pay", "int", b"second")
    store.once_failed("desk", 1, SCOPE, "pay")
    assert store.once_begin("desk", 1, SCOPE, "pay") == Recorded("int", b"first")


def test_an_effect_belongs_to_its_scope_and_its_key(make: MakeStore) -> None:
    store = make()
    store.open("desk", 1)
    assert store.once_begin("desk", 1, SCOPE, "pay") is None
    assert store.once_begin("desk", 1, b"another", "pay") is None
    assert store.once_begin("desk", 1, SCOPE, "ship") is None
    assert store.once_begin("desk", 1, SCOPE, "") is None


def test_a_sound_store_passes_its_own_check(make: MakeStore) -> None:
    store = make(window=4)
    for agent in ("a", "b"):
        store.open(agent, 1)
        for number in range(9):
            store.commit(agent, 1, ("m:S", bytes(number)), [Handled(bytes([number]))])
        store.once_begin(agent, 1, SCOPE, "pay")
        store.once_begin(agent, 1, SCOPE, "ship")
        store.once_done(agent, 1, SCOPE, "ship", "none", b"\xc0")
    store.verify()


def test_closing_twice_is_fine_and_a_closed_store_says_so(make: MakeStore) -> None:
    store = make()
    store.close()
    store.close()
    with pytest.raises(StoreError):
        store.open("desk", 1)


def test_its_errors_cross_processes(make: MakeStore) -> None:
    store = make()
    store.open("desk", 2)
    with pytest.raises(Fenced) as fenced:
        store.open("desk", 1)
    copy = pickle.loads(pickle.dumps(fenced.value))
    assert (type(copy), copy.text, copy.details) == (Fenced, fenced.value.text, fenced.value.details)


def test_a_state_of_a_megabyte_and_a_thousand_replies_come_back(make: MakeStore) -> None:
    store = make()
    store.open("desk", 1)
    state = ("m:S", bytes(range(256)) * 4096)
    handled = [Handled(number.to_bytes(12, "big"), 1, "bytes", bytes(200)) for number in range(1000)]
    store.commit("desk", 1, state, handled)
    assert make().open("desk", 2) == (state, handled)


def test_of_two_that_claim_an_agent_the_later_one_has_it_and_finds_what_the_other_saved(
    make: MakeStore,
) -> None:
    store, other = make(), make()
    assert store.claim("desk") == (1, (None, []))
    store.commit("desk", 1, ("m:S", b"one"), [Handled(b"a")])
    assert other.claim("desk") == (2, (("m:S", b"one"), [Handled(b"a")]))
    with pytest.raises(Fenced):
        store.commit("desk", 1, ("m:S", b"late"))
    assert store.claim("desk").generation == 3


def test_what_a_handling_told_others_is_kept_with_it(make: MakeStore) -> None:
    store = make()
    store.open("desk", 1)
    told = ((b"id", 0, "desk", "shelf", "m:Note", b"\x80", 2, 1, None), (b"more", 0, ("a", "b")))
    store.commit("desk", 1, None, [Handled(b"a", sends=told)])
    assert make().open("desk", 2).handled == [Handled(b"a", sends=told)]
