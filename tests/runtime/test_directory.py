"""The directory of hosts: who is where, who comes again, who is whose child; without Ray."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from shoal.runtime.errors import NameTaken
from shoal.runtime.ray.directory import Directory
from shoal.runtime.ray.records import HostInfo, HostRecord
from shoal.runtime.restart_policy import RestartPolicy

POLICY = RestartPolicy()


class Shelf:
    """A store in memory."""

    def __init__(self) -> None:
        self.records: dict[str, HostRecord] = {}

    def put(self, record: HostRecord) -> None:
        self.records[record.name] = record

    def drop(self, name: str) -> None:
        del self.records[name]

    def all(self) -> list[HostRecord]:
        return list(self.records.values())


class Rig:
    """A directory, and hosts that come up in it."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.directory = Directory(self.shelf)

    def reopen(self) -> None:
        """The process that held the directory was killed."""
        self.directory = Directory(self.shelf)

    def up(self, name: str, parent: str = "", **options: Any) -> HostInfo:
        record = self.directory.reserve(name, parent, POLICY, (), **options)
        return self.register(record)

    def register(self, record: HostRecord) -> HostInfo:
        incarnation = f"{record.name}#{record.generation}".encode()
        info = HostInfo(record.name, record.name, "node", 1, "", incarnation, "", record.generation)
        assert self.directory.register(info)
        return info


async def test_a_name_in_use_is_refused_and_free_again_once_its_holder_is_gone() -> None:
    rig = Rig()
    rig.up("a")
    with pytest.raises(NameTaken):
        rig.directory.reserve("a", "", POLICY, ())
    assert rig.directory.end("a", None, "stopped")
    assert not rig.directory.end("a", None, "stopped again")
    assert rig.up("a").generation == 2


async def test_a_host_of_an_older_generation_is_not_taken_in() -> None:
    rig = Rig()
    old = rig.up("a")
    rig.directory.again("a", 5)
    assert not rig.directory.register(old)
    assert rig.directory.register(old._replace(generation=5))


async def test_who_follows_a_lost_host_is_told_of_the_next_incarnation() -> None:
    rig = Rig()
    old = rig.up("a")
    rig.directory.lost("a", 1)
    following = asyncio.ensure_future(rig.directory.follow("a", old.incarnation))
    record = rig.directory.again("a", 2)
    assert record is not None
    await asyncio.sleep(0)
    assert not following.done()
    new = rig.register(record)
    assert (await following).info == new


async def test_late_word_of_a_dead_incarnation_does_not_make_the_present_one_lost() -> None:
    rig = Rig()
    rig.up("a")
    record = rig.directory.again("a", 2)
    assert record is not None
    rig.register(record)
    rig.directory.lost("a", 1)
    assert not rig.directory.lookup("a").coming
    assert not rig.directory.end("a", 1, "an older one")
    assert rig.directory.lookup("a").gone is None


async def test_a_parent_may_start_its_child_again_and_nobody_else_may() -> None:
    rig = Rig()
    first = rig.up("sup/a", "sup")
    assert rig.directory.living_child("sup/a", "sup") == first
    assert rig.directory.living_child("sup/a", "other") is None
    with pytest.raises(NameTaken):
        rig.directory.reserve("sup/a", "other", POLICY, ())
    record = rig.directory.reserve("sup/a", "sup", POLICY, ())
    assert record.generation == 2
    assert rig.directory.lookup("sup/a").coming
    rig.directory.release("sup/a", 2)
    assert rig.directory.lookup("sup/a").coming, "it was there before: whoever keeps it decides"
    assert rig.directory.living_child("sup/a", "sup") is None


async def test_a_first_start_that_failed_leaves_nothing() -> None:
    rig = Rig()
    rig.directory.reserve("sup/a", "sup", POLICY, ())
    rig.directory.release("sup/a", 1)
    assert rig.directory.record("sup/a") is None
    assert rig.directory.children("sup") == []
    assert rig.directory.parents_in("sup") == []
    assert rig.shelf.records == {}


async def test_children_are_known_by_parent_also_to_the_next_process() -> None:
    rig = Rig()
    for name in ("sup/a", "sup/b"):
        rig.up(name, "sup", added=b"spec")
    rig.up("x/c", "x@crowd")
    for _ in range(2):
        assert [record.name for record in rig.directory.children("sup")] == ["sup/a", "sup/b"]
        assert rig.directory.parents_in("crowd") == ["x@crowd"]
        assert rig.directory.children("sup")[0].added == b"spec"
        rig.reopen()


async def test_a_child_that_is_down_keeps_what_it_was_added_with_until_its_supervisor_forgets_it() -> None:
    rig = Rig()
    rig.up("sup/a", "sup", added=b"spec")
    rig.directory.end("sup/a", 1, "terminated", down=True)
    (record,) = rig.directory.children("sup")
    assert (record.down, record.added, record.gone) == (True, b"spec", "terminated")
    rig.directory.end("sup/a", 1, "deleted")
    (record,) = rig.directory.children("sup")
    assert (record.down, record.added, record.gone) == (False, b"", "terminated")


async def test_children_of_a_supervisor_that_ended_in_order_are_waited_for_and_gone_ones_forgotten() -> None:
    rig = Rig()
    rig.up("sup/a", "sup")
    rig.up("sup/b", "sup")
    rig.directory.end("sup/b", 1, "ended by itself")
    rig.directory.rest("sup")
    for _ in range(2):
        assert [record.name for record in rig.directory.children("sup")] == ["sup/a"]
        assert rig.directory.children("sup")[0].resting
        assert rig.directory.lookup("sup/a").coming
        rig.reopen()
    new = rig.up("sup/a", "sup")
    assert new.generation == 2
    assert not rig.directory.children("sup")[0].resting


async def test_the_gone_are_forgotten_one_day_and_with_them_whose_children_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shoal.runtime.ray.directory._GONE_KEPT", 2)
    rig = Rig()
    for number in range(4):
        rig.up(f"sup/{number}", "sup")
        rig.directory.end(f"sup/{number}", 1, "over")
    assert [record.name for record in rig.directory.children("sup")] == ["sup/2", "sup/3"]
    assert set(rig.shelf.records) == {"sup/2", "sup/3"}


async def test_a_name_that_changes_hands_is_no_longer_its_former_parents() -> None:
    rig = Rig()
    rig.up("a", "sup")
    rig.directory.end("a", 1, "over")
    rig.up("a", "other")
    assert rig.directory.children("sup") == []
    assert [record.name for record in rig.directory.children("other")] == ["a"]
    rig.directory.disown("a")
    assert [record.name for record in rig.directory.children("other")] == ["a"], "only the gone are disowned"


def test_a_record_survives_pickling_with_its_new_fields() -> None:
    import pickle

    record = replace(HostRecord("a", 3, "sup"), added=b"x", resting=True, down=True)
    assert pickle.loads(pickle.dumps(record)) == record
