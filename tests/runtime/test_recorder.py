"""The recorder as an agent of its own: batches in, answers out."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
import pytest_asyncio

import shoal
from shoal.runtime.durable import StoreBroken, StoreError
from shoal.runtime.errors import ProtocolError
from shoal.runtime.journal import Event, Journal, RunDirectory, TaskEntry, TaskSubmitted, open_run
from shoal.runtime.journal.errors import RecorderGone
from shoal.runtime.recorder import NAME, Recorder, pack_batch, read_answer
from shoal.runtime.recording import Recording

EVENT = Event(1.0, "start", "a", None, {})
UNWRITABLE = Event(2**63, "start", "a", None, {})
"""SQLite has no number as large."""


@pytest_asyncio.fixture
async def system() -> AsyncIterator[shoal.System]:
    async with shoal.start("local") as running:
        yield running


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run's directory."""
    RunDirectory.create("r", root=tmp_path, now=1.0).close()
    return tmp_path / "r"


def task(number: int) -> TaskSubmitted:
    return TaskSubmitted(f"t{number}", "team", "int", b"x", b"m" * 12, 1.0)


async def test_a_batch_is_answered_with_what_became_of_it_and_a_repeated_one_is_written_once(
    system: shoal.System, run: Path
) -> None:
    recorder = await system.spawn(Recorder(str(run)), name=NAME)
    for _ in range(2):
        entry, nothing = read_answer(await recorder.ask(pack_batch("s", 1, [task(1), EVENT])))
        assert isinstance(entry, TaskEntry)
        assert nothing is None
    with open_run("r", root=run.parent) as reader:
        assert (len(reader.tasks()), len(reader.events())) == (1, 1)


async def test_what_arrives_while_one_transaction_is_written_is_the_next_one(
    system: shoal.System, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_all, sizes = Journal.append_all, []
    writing, go_on = threading.Event(), threading.Event()

    def slow(journal: Journal, batches: Any) -> Any:
        writing.set()
        assert go_on.wait(30)
        sizes.append(len(batches))
        return append_all(journal, batches)

    monkeypatch.setattr(Journal, "append_all", slow)
    recorder = await system.spawn(Recorder(str(run)), name=NAME)
    asks = [asyncio.ensure_future(recorder.ask(pack_batch("s", 1, [task(0)])))]
    assert await asyncio.to_thread(writing.wait, 30)
    asks += [asyncio.ensure_future(recorder.ask(pack_batch(f"s{n}", 1, [task(n)]))) for n in range(1, 10)]
    await asyncio.wait(asks, timeout=0.05)
    go_on.set()
    await asyncio.gather(*asks)
    assert sizes == [1, 9]


async def test_one_batch_that_cannot_be_written_does_not_harm_those_beside_it(
    system: shoal.System, run: Path
) -> None:
    recorder = await system.spawn(Recorder(str(run)), name=NAME)
    batches = pack_batch("s1", 1, [UNWRITABLE]), pack_batch("s2", 1, [task(1)])
    answers = await asyncio.gather(*map(recorder.ask, batches))
    with pytest.raises(ProtocolError):
        read_answer(answers[0])
    assert isinstance(read_answer(answers[1])[0], TaskEntry)


@pytest.mark.parametrize("message", [b"", b"\xc1", b"\x93\xa1s\x01\xa1x", msgpack.packb(["s", 1, b"\xc1"])])
async def test_bytes_that_are_no_batch_are_refused(system: shoal.System, run: Path, message: bytes) -> None:
    recorder = await system.spawn(Recorder(str(run)), name=NAME)
    with pytest.raises(shoal.errors.HandlerError, match="ProtocolError"):
        await recorder.ask(message)
    assert read_answer(await recorder.ask(pack_batch("s", 1, [EVENT]))) == [None]


async def test_a_directory_that_is_no_run_is_an_answer_and_nothing_is_made_there(
    system: shoal.System, tmp_path: Path
) -> None:
    recorder = await system.spawn(Recorder(str(tmp_path)), name=NAME)
    with pytest.raises(StoreError, match="no run"):
        read_answer(await recorder.ask(pack_batch("s", 1, [EVENT])))
    assert os.listdir(tmp_path) == []


async def test_a_damaged_journal_is_the_answer_to_everything(system: shoal.System, run: Path) -> None:
    (run / "journal.db").write_bytes(b"garbage")
    await system.spawn(Recorder(str(run)), name=NAME)
    recording = Recording(system._host)
    for _ in range(2):
        with pytest.raises(StoreBroken, match=r"journal\.db"):
            await recording.write([EVENT])


async def test_records_that_gather_go_together_and_one_that_cannot_be_written_harms_nobody(
    system: shoal.System, run: Path
) -> None:
    await system.spawn(Recorder(str(run)), name=NAME)
    recording = Recording(system._host)
    writes = [recording.write([task(n)]) for n in range(50)]
    *written, refused = await asyncio.gather(*writes, recording.write([UNWRITABLE]), return_exceptions=True)
    assert [type(one[0]) for one in written if isinstance(one, list)] == [TaskEntry] * 50
    assert isinstance(refused, ProtocolError)
    with open_run("r", root=run.parent) as reader:
        assert len(reader.tasks()) == 50


async def test_a_recorder_that_is_gone_ends_the_recording(system: shoal.System, run: Path) -> None:
    recorder = await system.spawn(Recorder(str(run)), name=NAME)
    recording = Recording(system._host)
    await recording.write([EVENT])
    await system.stop(recorder)
    for _ in range(2):
        with pytest.raises(RecorderGone, match="stopped by the client"):
            await recording.write([EVENT])
