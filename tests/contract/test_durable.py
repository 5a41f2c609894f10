"""Durable agents: what survives a kill -9, what is acknowledged when, and what happens when it cannot be saved."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import shoal
from shoal.runtime.durable import SqliteStateStore, StoreBroken, StoreFull, StoreUnreachable
from shoal.runtime.errors import AgentDied, AgentStartFailed, AgentStopped, ConfigError, HandlerError
from tests.contract.agents import Fail, Note, Notes, Number, Tally
from tests.contract.durable_agents import Lifer, Relay, Successor
from tests.contract.stands import Stand
from tests.contract.waiting import eventually
from tests.runtime.durable.stores import HAS_POSTGRES, database

pytestmark = pytest.mark.asyncio(loop_scope="session")


# -- what survives -----------------------------------------------------------------------------------------


async def test_the_state_of_a_durable_agent_survives_a_kill_and_its_hooks_find_it(stand: Stand) -> None:
    lifer = await stand.spawn(Lifer(), "lifer")
    for number in (1, 2, 3):
        assert await lifer.ask(Number(n=number))
    await stand.kill("lifer")
    life = await stand.ref("lifer").ask(Notes())
    assert life.count == 6
    assert life.hooks == ["start with 0", "start with 6", "restart"]


async def test_an_ask_that_comes_again_after_a_kill_gets_the_same_answer_and_is_not_handled_again(
    stand: Stand,
) -> None:
    await stand.spawn(Lifer(), "lifer")
    first, failing = b"first ask 01", b"failing 0001"
    assert await stand.ask_as(first, "lifer", Number(n=5)) == 5
    assert await stand.ask_as(b"second ask 1", "lifer", Number(n=7)) == 12
    with pytest.raises(HandlerError, match=r"ValueError on .*: broken at 1012"):
        await stand.ask_as(failing, "lifer", Fail(text="broken"))
    await stand.kill("lifer")
    for _ in range(2):
        assert await stand.ask_as(first, "lifer", Number(n=5)) == 5
        with pytest.raises(HandlerError, match="broken at 1012"):
            await stand.ask_as(failing, "lifer", Fail(text="broken"))
    # What the failed handler had changed stays: it is part of the state like anything else.
    assert (await stand.ref("lifer").ask(Notes())).count == 1012


async def test_an_orderly_stop_saves_also_what_on_stop_changed(stand: Stand) -> None:
    host = await stand.host("shelf")
    lifer = await stand.system.spawn(Lifer(), name="lifer", host=host)
    await lifer.tell(Number(n=4))
    await stand.system.stop(lifer, drain=True)
    lifer = await stand.system.spawn(Lifer(), name="lifer", host=host)
    life = await lifer.ask(Notes())
    assert (life.count, life.hooks) == (4, ["start with 0", "stop", "start with 4", "restart"])


async def test_a_saved_state_that_does_not_fit_its_model_any_more_is_named_with_its_fields(
    stand: Stand,
) -> None:
    host = await stand.host("shelf")
    lifer = await stand.system.spawn(Lifer(), name="someone", host=host)
    await lifer.ask(Number(n=4))
    await stand.system.stop(lifer)
    with pytest.raises(
        AgentStartFailed, match=r"someone@shelf\S*: the saved state: count: .*OtherLife has changed"
    ):
        await stand.system.spawn(Successor(), name="someone", host=host)


@pytest.mark.ray
async def test_a_sender_keeps_order_and_nothing_is_lost_or_counted_twice_under_kills(
    ray_stand: Stand,
) -> None:
    lifer = await ray_stand.spawn(Lifer(), "lifer")
    for number in range(1200):
        if number % 600 == 300:
            await asyncio.gather(ray_stand.kill("lifer"), lifer.tell(Number(n=number)))
        else:
            await lifer.tell(Number(n=number))
    life = await lifer.ask(Notes(), timeout_s=60)
    assert life.seen == list(range(1200))
    assert life.hooks.count("restart") == 2


@pytest.mark.ray
async def test_what_a_durable_agent_told_on_arrives_once_although_it_is_killed_again_and_again(
    ray_stand: Stand,
) -> None:
    lifer = await ray_stand.spawn(Lifer(), "lifer")
    relay = await ray_stand.spawn(Relay(lifer.address), "relay")
    for number in range(400):
        if number % 200 == 100:
            await asyncio.gather(ray_stand.kill("relay"), relay.tell(Number(n=number)))
        else:
            await relay.tell(Number(n=number))
    assert (await relay.ask(Notes(), timeout_s=60)).seen == list(range(400))

    async def all_there() -> Any:
        life = await lifer.ask(Notes())
        return life if life.count >= sum(range(400)) else None

    assert (await eventually(all_there)).seen == list(range(400))


@pytest.mark.ray
async def test_what_it_told_a_neighbour_that_died_with_it_is_told_again(ray_stand: Stand) -> None:
    host = await ray_stand.host("shelf")
    lifer = await ray_stand.system.spawn(Lifer(), name="lifer", host=host)
    relay = await ray_stand.system.spawn(Relay(lifer.address), name="relay", host=host)
    for number in range(400):
        if number % 200 == 100:
            await asyncio.gather(ray_stand.kill("shelf"), relay.tell(Number(n=number)))
        else:
            await relay.tell(Number(n=number))
    assert (await relay.ask(Notes(), timeout_s=60)).seen == list(range(400))

    async def all_there() -> Any:
        life = await lifer.ask(Notes())
        return life if life.count >= sum(range(400)) else None

    assert sorted((await eventually(all_there)).seen) == list(range(400))


@pytest.mark.skipif(not HAS_POSTGRES, reason="no PostgreSQL here")
async def test_a_durable_agent_is_kept_in_postgresql_when_one_is_named(tmp_path: Path) -> None:
    stand = Stand("local", tmp_path / "run", state_store=await asyncio.to_thread(database))
    await stand.open()
    lifer = await stand.spawn(Lifer(), "lifer")
    for number in range(300):
        await lifer.tell(Number(n=number))
    assert await lifer.ask(Number(n=0)) == sum(range(300))
    await stand.kill("lifer")
    life = await stand.ref("lifer").ask(Notes())
    assert life.seen == [*range(300), 0]
    assert not (stand.run_dir / "state").exists()
    await stand.close()


# -- who may write -----------------------------------------------------------------------------------------


async def test_an_incarnation_that_was_given_up_finds_out_and_ends(stand: Stand) -> None:
    await stand.spawn(Lifer(), "lifer")
    assert await stand.ask_as(b"an early ask", "lifer", Number(n=1)) == 1
    file = "local" if stand.kind == "local" else stand.name("lifer")
    store = SqliteStateStore(stand.run_dir / "state" / f"{file}.db")
    assert store.claim(stand.name("lifer")).generation == 2
    store.close()
    if stand.kind == "local":
        with pytest.raises(AgentDied, match=r"could not be saved: .*opened by generation 2"):
            await stand.ask_as(b"a late ask 1", "lifer", Number(n=10))
        with pytest.raises(AgentStopped):
            await stand.ref("lifer").ask(Number(n=10))
        return
    (health,) = await stand.system.health(stand.name("lifer"))
    assert await stand.ask_as(b"a late ask 1", "lifer", Number(n=10)) == 11
    (later,) = await stand.system.health(stand.name("lifer"))
    assert later["pid"] != health["pid"]


# -- what can be durable -----------------------------------------------------------------------------------


class Stateless(shoal.Agent):
    durable = True

    async def on_number(self, number: Number) -> None: ...


class Parallel(Lifer):
    concurrency = 2


@pytest.mark.parametrize(
    ("agent", "why"),
    [
        (Stateless, "Stateless is durable, but has nothing to save: annotate `state`"),
        (Parallel, "Parallel is durable with concurrency 2: .*one at a time"),
    ],
)
async def test_an_agent_that_cannot_be_durable_is_refused_when_it_is_spawned(
    local_stand: Stand, agent: type[shoal.Agent], why: str
) -> None:
    for spawned in (agent, agent()):
        with pytest.raises(ConfigError, match=why):
            await local_stand.system.spawn(spawned)


async def test_without_a_run_directory_state_lasts_as_long_as_a_system_in_one_process() -> None:
    async with shoal.start("local") as system:
        lifer = await system.spawn(Lifer(), name="lifer")
        assert await lifer.ask(Number(n=3)) == 3
        await system.stop(lifer)
        assert (await (await system.spawn(Lifer(), name="lifer")).ask(Notes())).count == 3
    async with shoal.start("local") as system:
        assert (await (await system.spawn(Lifer(), name="lifer")).ask(Notes())).count == 0


# -- when it cannot be saved -------------------------------------------------------------------------------


class Failing:
    """A state store that raises when it is told to, else works."""

    def __init__(self, store: Any, *, quick: bool = True) -> None:
        self._store = store
        self.quick = quick
        self.errors: list[Exception] = []
        self.commits = 0
        self.tended = 0
        self.allowed = asyncio.Event()

    @property
    def wants_tending(self) -> bool:
        return self.commits % 10 == 9

    def tend(self) -> None:
        self.tended += 1
        self._store.tend()

    def commit(self, *arguments: Any) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.commits += 1
        self._store.commit(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def failing(stand: Stand, *, quick: bool = True) -> tuple[Failing, shoal.Ref]:
    """A lifer whose store is in the test's hands."""
    lifer = await stand.spawn(Lifer(), "lifer")
    await lifer.ask(Number(n=0))
    access = stand.system._host.state
    double = Failing(access._store, quick=quick)
    access._store = double
    return double, lifer


@pytest.mark.parametrize("error", [StoreFull("no room at all"), StoreUnreachable("no way")])
async def test_while_nothing_can_be_saved_nothing_is_answered_and_people_can_see_why(
    local_stand: Stand, error: Exception
) -> None:
    store, lifer = await failing(local_stand)
    store.errors = [error] * 4
    asking = asyncio.ensure_future(lifer.ask(Number(n=1)))

    async def seen() -> Any:
        return (await local_stand.system.health())[0]["state_trouble"] or asking.done()

    assert await eventually(seen) == str(error)
    assert not asking.done()
    assert await asking == 1
    assert not store.errors
    assert (await local_stand.system.health())[0]["state_trouble"] == ""


async def test_a_store_that_stays_full_lets_the_mailbox_fill_and_everything_is_handled_in_the_end(
    local_stand: Stand,
) -> None:
    store, lifer = await failing(local_stand)
    store.errors = [StoreFull("no room") for _ in range(10_000)]
    sent: list[int] = []

    async def send() -> None:
        for number in range(3000):
            await lifer.tell(Number(n=1))
            sent.append(number)

    sending = asyncio.ensure_future(send())
    mailbox = local_stand.system._host.cells["lifer"].mailbox

    async def full() -> bool:
        return mailbox.free == 0

    await eventually(full)
    assert not sending.done()
    assert len(sent) < 2000
    store.errors.clear()
    await sending
    assert (await lifer.ask(Notes())).count == 3000


async def test_a_store_that_is_broken_stops_the_agent_with_that_reason(local_stand: Stand) -> None:
    store, lifer = await failing(local_stand)
    store.errors = [StoreBroken("the file is damaged")]
    with pytest.raises(AgentDied, match=r"could not be saved: .*the file is damaged"):
        await lifer.ask(Number(n=1))
    with pytest.raises(AgentStopped, match="the file is damaged"):
        await lifer.ask(Number(n=1))


async def test_a_state_that_cannot_be_saved_stops_the_agent_with_that_reason(local_stand: Stand) -> None:
    _, lifer = await failing(local_stand)
    local_stand.system._host.cells["lifer"].behavior.state = None  # type: ignore[attr-defined]
    with pytest.raises(
        AgentDied, match="the state of lifer cannot be saved: it is None, not a Pydantic model"
    ):
        await lifer.ask(Notes())


async def test_a_store_that_is_not_quick_is_called_in_threads_with_the_same_results(
    local_stand: Stand,
) -> None:
    store, lifer = await failing(local_stand, quick=False)
    for number in range(1000):
        await lifer.tell(Number(n=number))
    answers = await asyncio.gather(*(lifer.ask(Number(n=0)) for _ in range(50)))
    assert answers == [sum(range(1000))] * 50
    assert store.commits < 1000
    await local_stand.system.stop(lifer)
    lifer = await local_stand.system.spawn(Lifer(), name="lifer")
    assert (await lifer.ask(Notes())).seen == [0, *range(1000), *[0] * 50]


async def test_the_store_is_tended_beside_the_work(local_stand: Stand) -> None:
    store, lifer = await failing(local_stand)
    for _ in range(50):
        await lifer.ask(Number(n=1))
    assert store.tended >= 3


async def test_draining_a_durable_agent_handles_and_saves_all_of_it(local_stand: Stand) -> None:
    _, lifer = await failing(local_stand, quick=False)
    for _ in range(900):
        await lifer.tell(Number(n=1))
    await local_stand.system.stop(lifer, drain=True)
    assert await local_stand.system.dead_letters() == []
    assert (await (await local_stand.system.spawn(Lifer(), name="lifer")).ask(Notes())).count == 900


class Big(Tally):
    blob: bytes = b""


class Hoarder(shoal.Agent):
    durable = True
    state: Big

    async def on_bytes(self, blob: bytes) -> int:
        self.state = Big(count=self.state.count + 1, blob=blob)
        return self.state.count

    async def on_note(self, note: Note) -> bytes:
        return self.state.blob


async def test_a_state_of_megabytes_is_saved_too(local_stand: Stand) -> None:
    await local_stand.spawn(Hoarder(), "hoarder")
    assert await local_stand.system.ref("hoarder").ask(bytes(3_000_000)) == 1
    await local_stand.kill("hoarder")
    assert len(await local_stand.system.ref("hoarder").ask(Note(text=""))) == 3_000_000
