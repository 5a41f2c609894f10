"""A host's way to its store: in turn, patient, never on the loop for long; and which store it is."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from shoal.runtime.config import Config, make_config
from shoal.runtime.durable import (
    Handled,
    SqliteStateStore,
    StoreBroken,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreUnreachable,
)
from shoal.runtime.durable.access import OwnStateAccess, StateAccess, pause_s
from shoal.runtime.durable.opening import default_run_dir, open_state_store
from shoal.runtime.errors import ConfigError


class Store:
    """Answers calls with what the test has laid out, and notes the threads they come from."""

    def __init__(self, *answers: Any, quick: bool = True) -> None:
        self.quick = quick
        self.answers = list(answers)
        self.threads: list[int] = []
        self.wants_tending = False
        self.tended = threading.Event()
        self.go_on = threading.Event()
        self.closed = False

    def generation(self, agent: str) -> Any:
        self.threads.append(threading.get_ident())
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def tend(self) -> None:
        self.wants_tending = False
        self.tended.set()
        assert self.go_on.wait(60)

    def close(self) -> None:
        self.closed = True


def access_to(store: Any) -> StateAccess:
    return StateAccess(lambda: store)


def test_the_pause_doubles_up_to_two_seconds() -> None:
    assert [pause_s(failures) for failures in (1, 2, 3, 7, 8, 5000)] == [0.02, 0.04, 0.08, 1.28, 2.0, 2.0]


async def test_a_quick_store_is_called_on_the_loop_and_another_in_threads() -> None:
    quick, slow = Store(1, 2), Store(1, 2, quick=False)
    for store in (quick, slow):
        access = access_to(store)
        assert not access.free
        assert [await access.call("generation", "a") for _ in range(2)] == [1, 2]
        assert access.free is store.quick
    assert set(quick.threads) == {threading.get_ident()}
    assert threading.get_ident() not in slow.threads


async def test_a_heavy_call_goes_to_a_thread_also_to_a_quick_store() -> None:
    store = Store(1, 2)
    access = access_to(store)
    await access.call("generation", "a")
    assert await access.call("generation", "a", heavy=True) == 2
    assert store.threads[0] == threading.get_ident() != store.threads[1]


async def test_what_may_be_better_in_a_moment_is_tried_again_and_shown_meanwhile() -> None:
    store = Store(StoreFull("full"), StoreBusy("busy"), StoreUnreachable("away"), 7)
    access = access_to(store)
    assert await access.persist("generation", "a") == 7
    assert (access.trouble, access.unreachable) == ("", 1)
    store.answers = [StoreBroken("broken")]
    with pytest.raises(StoreBroken):
        await access.persist("generation", "a")


async def test_while_the_store_is_tended_calls_wait_and_the_loop_turns() -> None:
    store = Store(1, 2, 3)
    access = access_to(store)
    await access.call("generation", "a")
    store.wants_tending = True
    assert access.now("generation", "a") == 2
    assert await asyncio.to_thread(store.tended.wait, 60)
    assert not access.free
    waiting = asyncio.ensure_future(access.call("generation", "a"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not waiting.done()
    store.go_on.set()
    assert await waiting == 3
    await access.close()
    assert store.closed


async def test_a_call_that_was_begun_goes_to_its_end_when_its_caller_is_cancelled() -> None:
    store = Store(1, 2, quick=False)
    access = access_to(store)
    calling = asyncio.ensure_future(access.call("generation", "a"))
    await asyncio.sleep(0)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert await access.call("generation", "a") == 2
    assert store.answers == []


async def test_closing_what_was_never_opened_opens_nothing() -> None:
    await StateAccess(lambda: pytest.fail("it was opened")).close()


def test_each_host_has_a_file_of_its_own_in_the_run_directory(tmp_path: Path) -> None:
    store = open_state_store(Config(), tmp_path / "run", "team/desk-1")
    assert isinstance(store, SqliteStateStore)
    assert store.path == tmp_path / "run" / "state" / "team%2Fdesk-1.db"
    assert (tmp_path / "run" / "state").stat().st_mode & 0o777 == 0o700
    store.close()


def test_a_directory_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    with pytest.raises(StoreError, match=r"cannot make the directory of the state store .*run/state"):
        open_state_store(Config(), tmp_path / "run", "desk")


async def test_a_system_in_one_process_needs_no_run_directory_and_leaves_nothing_behind() -> None:
    access = OwnStateAccess(Config(), "local", alone=True)
    assert (await access.call("claim", "desk")).generation == 1
    assert access._temporary is not None
    directory = access._temporary.name
    assert os.listdir(directory) == ["state"]
    await access.close()
    with pytest.raises(FileNotFoundError):
        os.listdir(directory)


async def test_a_system_of_several_processes_without_a_run_directory_is_told_so() -> None:
    access = OwnStateAccess(Config(), "desk", alone=False)
    with pytest.raises(ConfigError, match=r"need a run directory: shoal.start\(run_dir=...\)"):
        await access.persist("claim", "desk")


def test_the_default_run_directory_is_named_by_the_system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SHOAL_RUNS", str(tmp_path))
    assert default_run_dir("shoal-1") == tmp_path / "shoal-1"
    assert not (tmp_path / "shoal-1").exists()


def test_the_run_directory_is_the_same_from_wherever_a_host_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Config(run_dir="runs/a").run_dir == str(tmp_path / "runs" / "a")
    assert Config().run_dir == ""


def test_a_state_store_that_is_none_is_refused_and_its_password_is_not_shown() -> None:
    with pytest.raises(ConfigError, match=r"state_store: .*give a postgresql:// address"):
        make_config({"state_store": "mysql://there"})
    assert "secret" not in repr(Config(state_store="postgresql://me:secret@there/db"))


def test_a_quick_store_folds_its_log_only_when_it_is_tended(tmp_path: Path) -> None:
    store = SqliteStateStore(tmp_path / "state.db", quick=True)
    store.open("desk", 1)
    size = store.path.stat().st_size
    number = 0
    while not store.wants_tending:
        store.commit("desk", 1, ("m:S", bytes(100_000)), [Handled(bytes([number % 256]))])
        number += 1
    assert store.path.stat().st_size == size
    store.tend()
    assert store.path.stat().st_size > size
    assert len(store.open("desk", 2).handled) == number
    store.close()
