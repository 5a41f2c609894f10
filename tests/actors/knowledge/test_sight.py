"""What a controller sees of its regions, and what it leaves for later."""

from __future__ import annotations

from typing import Any

import shoal
from shoal.actors.knowledge.control import Control
from shoal.actors.knowledge.on_board import on_board
from shoal.actors.knowledge.plan import Position
from shoal.actors.knowledge.sight import Sight
from shoal.actors.knowledge.team import knowledge_sources
from tests.blackboard.stand_connection import StandConnection
from tests.blackboard.store.stand import Stand


class Taker(shoal.Agent):
    @on_board("in/")
    async def take(self, event: shoal.Event[Any]) -> None: ...


def sight_of(stand: Stand, **options: Any) -> tuple[Control, Sight]:
    plan = knowledge_sources([Taker], **options).plan("team")
    position = Position(nonce="n", began_at=0.0, cursors={"main": stand.store.revision})
    control, connection = Control(plan, position), StandConnection(stand, page=10)
    return control, Sight(plan, control, {"main": connection}, connection.clock)


async def test_nothing_more_is_read_while_there_is_no_room_for_what_was() -> None:
    stand = Stand()
    control, sight = sight_of(stand, agenda=3)
    for number in range(100):
        stand.put(f"in/{number}")
    await sight.catch_up()
    assert len(control.agenda.waiting) == 3
    assert control.cursors == {"main": 3}
    assert (sight.revision, sight.clear, sight.polls()) == (10, False, [])
    for id in list(control.agenda.waiting):
        control.agenda.remove(id)
    await sight.catch_up()
    assert (control.cursors, sight.revision) == ({"main": 6}, 10)


async def test_all_keys_of_one_revision_find_room_together() -> None:
    stand = Stand()
    control, sight = sight_of(stand, agenda=2)
    for number in range(5):
        stand.put(f"in/{number}")
    for version in [*stand.store.changes(1)]:
        sight._followers["main"].changes.append(version._replace(mod_revision=7))
    sight._followers["main"].seen = 7
    await sight.catch_up()
    assert len(control.agenda.waiting) == 5
    assert sight.clear


async def test_statuses_are_told_only_when_all_before_them_was_seen() -> None:
    stand = Stand()
    _, sight = sight_of(stand)
    assert len(await sight.statuses()) == 1
    stand.put("in/1")
    assert await sight.statuses() == ()
    await sight.catch_up()
    assert len(await sight.statuses()) == 1
