"""Origins on every host: no way from one agent to another loses them, whatever is killed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import shoal
from shoal.actors.knowledge import knowledge_sources, on_board
from shoal.blackboard.termination import Quiescence, TimeLimit
from shoal.runtime.envelope import LANE_NORMAL, ROOT_SCOPE
from shoal.runtime.provenance import Origin
from shoal.topologies import pipeline
from tests.contract.origin_agents import (
    Archive,
    Do,
    Doer,
    Fetch,
    Fetcher,
    Impostor,
    Keeper,
    Mortal,
    Notes,
    Recorder,
    Told,
    Which,
    Witness,
)
from tests.contract.stands import Stand
from tests.contract.waiting import PATIENCE_S, eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow_on_ray]
Fresh = Callable[[str], str]


class Ears:
    """Stands for the handling that asks: hears what origin came with an answer."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    def joined(self, origin: int, source: str) -> None:
        self.heard.append(origin)


async def heard(system: shoal.System, message_id: bytes, name: str, message: Any) -> list[int]:
    """The origin that an answer comes with (none when it is trusted), asked under an id."""
    ears: Any = Ears()
    host = system._host
    await host.ask_as(host.name, message_id, name, message, ROOT_SCOPE, (), None, 60.0, LANE_NORMAL, ears)
    return list(ears.heard)


# -- through messages ---------------------------------------------------------------------------------------


@pytest.mark.ray
async def test_what_a_client_submits_is_trusted_unless_it_says_worse(
    system: shoal.System, crowd: str, fresh: Fresh
) -> None:
    witness = await system.spawn(Witness(), name=fresh("witness"), host=crowd)
    assert await witness.ask(Which()) == [0]
    seen = await witness.ask(Which(), origin=Origin.WEB)
    assert seen == [3, f"a message from {system._host.name}"]
    await witness.tell(Told(text="t"), origin=Origin.TOOL)
    assert [note[:2] for note in await witness.ask(Notes())] == [["t", 2]]
    with pytest.raises(ValueError, match="7 is not a valid Origin"):
        await witness.ask(Which(), origin=7)


@pytest.mark.ray
@pytest.mark.parametrize(
    "what", ["fetch", "fetch and fail", "fetch large"], ids=["answer", "error", "large answer"]
)
async def test_an_answer_makes_its_asker_see_what_was_seen_for_it(
    system: shoal.System, fresh: Fresh, crowd: str, what: str
) -> None:
    fetcher = await system.spawn(Fetcher(), name=fresh("fetcher"))
    doer = await system.spawn(Doer(), name=fresh("doer"), host=crowd)
    assert await doer.ask(Do(what=["pause", what, "pause"], to=fetcher.address)) == [0, 3, 3]
    assert await doer.ask(Do(what=["pause"])) == [0]


@pytest.mark.ray
async def test_of_several_answers_the_worst_counts_and_what_is_told_then_has_it(
    system: shoal.System, fresh: Fresh, crowd: str
) -> None:
    fetcher = await system.spawn(Fetcher(), name=fresh("fetcher"), host=crowd)
    witness = await system.spawn(Witness(), name=fresh("witness"))
    doer = await system.spawn(Doer(), name=fresh("doer"), host=crowd)
    assert await doer.ask(Do(what=["fan"], to=fetcher.address)) == [2]
    steps = ["tell", "tool", "tell", "model", "tell"]
    assert await doer.ask(Do(what=steps, to=witness.address)) == [0, 2, 2, 2, 2]
    notes = await eventually_notes(witness, 3)
    assert [origin for _, origin, _ in notes] == [0, 2, 2]


async def eventually_notes(witness: shoal.Ref, count: int) -> list[list[Any]]:
    """What it has noted, once there is so much."""

    async def there() -> bool:
        return len(await witness.ask(Notes())) >= count

    await eventually(there)
    notes: list[list[Any]] = await witness.ask(Notes())
    return notes


@pytest.mark.ray
async def test_an_agent_sends_under_its_own_name_through_whatever_ref(
    system: shoal.System, fresh: Fresh, crowd: str
) -> None:
    witness = await system.spawn(Witness(), name=fresh("witness"), host=crowd)
    impostor = await system.spawn(Impostor(witness), name=fresh("impostor"), host=crowd)
    await impostor.tell(Told(text="pay"), origin=Origin.WEB)
    assert await eventually_notes(witness, 1) == [["pay", 3, impostor.address]]


# -- through the board --------------------------------------------------------------------------------------


@pytest.mark.ray
@pytest.mark.parametrize("read", ["get", "range", "history", "diff", "watch", "conflict", "transaction"])
async def test_who_reads_an_entry_has_seen_what_its_writer_had(
    system: shoal.System, fresh: Fresh, crowd: str, read: str
) -> None:
    await system.board().open()
    doer = await system.spawn(Doer(), name=fresh("doer"), host=crowd)
    key = fresh("page")
    assert await doer.ask(Do(what=["web", "put"], key=key)) == [3, 3]
    entry = await system.board().get(key)
    assert entry is not None
    assert entry.origin is Origin.WEB
    assert await doer.ask(Do(what=[read], key=key)) == [3]
    assert await doer.ask(Do(what=["put"], key=key)) == [0]
    assert await doer.ask(Do(what=["get"], key=key)) == [0]


@pytest.mark.ray
async def test_a_work_item_keeps_its_posters_origin_and_gets_its_workers(
    system: shoal.System, fresh: Fresh, crowd: str
) -> None:
    await system.board().open()
    doer = await system.spawn(Doer(), name=fresh("doer"), host=crowd)
    bad, good = fresh("bad"), fresh("good")
    await doer.ask(Do(what=["web", "post"], key=bad))
    await doer.ask(Do(what=["post"], key=good))
    assert await doer.ask(Do(what=["web", "try"], key=good)) == [3, 3]
    assert await doer.ask(Do(what=["try"], key=good)) == [0]  # holding it wrote nothing into it
    assert await doer.ask(Do(what=["try"], key=bad)) == [3]
    assert await doer.ask(Do(what=["claim"], key=bad)) == [3]
    assert await doer.ask(Do(what=["model", "claim"], key=good)) == [1, 1]
    assert await doer.ask(Do(what=["get"], key=bad)) == [3]
    assert await doer.ask(Do(what=["get"], key=good)) == [1]


# -- through time -------------------------------------------------------------------------------------------


@pytest.mark.ray
async def test_an_agent_that_keeps_origins_has_seen_for_ever_what_it_has_seen(
    system: shoal.System, fresh: Fresh, crowd: str
) -> None:
    keeper = await system.spawn(Keeper(), name=fresh("keeper"), host=crowd)
    witness = await system.spawn(Witness(), name=fresh("witness"), host=crowd)
    assert await keeper.ask(Which()) == [0]
    await keeper.ask(Told(text="page"), origin=Origin.WEB)
    await witness.tell(Told(text="page"), origin=Origin.WEB)
    assert await keeper.ask(Which()) == [3, f"a message from {system._host.name}"]
    assert await witness.ask(Which()) == [0]


async def test_a_durable_agents_state_keeps_the_origin_of_what_it_was_made_of_over_a_kill(
    stand: Stand,
) -> None:
    archive = await stand.spawn(Archive(), "archive")
    assert await archive.ask(Which()) == [0]
    await archive.ask(Told(text="text"), origin=Origin.TOOL)
    await stand.kill("archive")
    archive = stand.ref("archive")
    assert await archive.ask(Which()) == [2, f"the saved state of {archive.address}"]


async def test_an_answer_from_memory_has_the_origin_that_it_had_over_a_kill(stand: Stand) -> None:
    await stand.spawn(Witness(), "witness")
    await stand.spawn(Archive(stand.name("witness")), "archive")
    assert await heard(stand.system, b"the first 01", stand.name("archive"), Told(text="page")) == [3]
    await stand.kill("archive")
    assert await heard(stand.system, b"the first 01", stand.name("archive"), Told(text="page")) == [3]
    notes = await eventually_notes(stand.ref("witness"), 1)
    assert {origin for _, origin, _ in notes} == {3}


@pytest.mark.slow_on_ray
async def test_what_an_effect_recorded_is_seen_again_by_who_takes_it_from_the_record(stand: Stand) -> None:
    await stand.spawn(Recorder(), "recorder")
    assert await stand.ask_as(b"the first 01", "recorder", Which()) == [3, "the page"]
    await stand.kill("recorder")
    assert await stand.ask_as(b"the first 01", "recorder", Which()) in (
        [3, "the page"],
        [3, "what 'fetch' recorded"],
    )


@pytest.mark.ray
async def test_a_repeated_ask_is_answered_with_the_same_origin_from_the_reply_cache(
    ray_system: shoal.System, fresh: Fresh
) -> None:
    fetcher = await ray_system.spawn(Fetcher(), name=fresh("fetcher"))
    for size in (4, 1_000_000):
        message_id = f"the ask {size % 7:04}".encode()
        assert await heard(ray_system, message_id, fetcher.address, Fetch(size=size)) == [3]
        assert await heard(ray_system, message_id, fetcher.address, Fetch(size=size)) == [3]
    assert await heard(ray_system, b"another 0001", fetcher.address, Fetch(origin=0)) == []


@pytest.mark.ray
async def test_a_message_that_is_delivered_again_after_a_kill_has_the_origin_that_it_had(
    ray_system: shoal.System, fresh: Fresh, tmp_path: Path
) -> None:
    mortal = await ray_system.spawn(Mortal(str(tmp_path / "died")), name=fresh("mortal"))
    assert await mortal.ask(Which(), origin=Origin.TOOL) == [2]


# -- through what runs by itself ----------------------------------------------------------------------------


@on_board("page/")
async def note(event: shoal.Event[str], ctx: shoal.Context) -> None:
    """A source that writes down what it was woken by."""
    await ctx.board.put(f"note/{event.key}", event.value)


async def test_a_knowledge_source_has_seen_what_the_change_that_woke_it_was_made_of() -> None:
    async with shoal.start("local") as system:
        board = await system.board().open()
        doer = await system.spawn(Doer(), name="doer")
        await doer.ask(Do(what=["put"], key="page/good"))
        await doer.ask(Do(what=["web", "put"], key="page/bad"))
        await doer.ask(Do(what=["put"], key="page/good as well"))
        team = await system.build(knowledge_sources([note], until=Quiescence() | TimeLimit(PATIENCE_S)))
        await team.ended()
        origins = {entry.key: entry.origin.name for entry in await board.range("note/")}
        assert origins == {
            "note/page/bad": "WEB", "note/page/good": "TRUSTED", "note/page/good as well": "TRUSTED",
        }  # fmt: skip


async def fetching(url: str, ctx: shoal.Context) -> Which:
    """A stage that looks at a page, where it is given one."""
    if url:
        ctx.joined(Origin.WEB, f"tool fetch of {url}")
    return Which()


async def test_a_team_carries_origins_from_member_to_member() -> None:
    async with shoal.start("local") as system:
        line = await system.build(pipeline(fetching, Witness()))
        assert (await line.ask(""))[0] == 0
        assert (await line.ask("", origin=Origin.TOOL))[0] == 2
        assert (await line.ask("http://page"))[0] == 3
