"""Stopping by signals: once in order, twice at once."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from shoal.experiments.running import stop as stopping
from shoal.experiments.running.stop import Stop

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
async def test_the_first_signal_asks_and_the_second_ends_the_process(
    which: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, told, stop = asyncio.Event(), [], Stop()
    monkeypatch.setattr(stopping, "_end_now", ended.set)
    monkeypatch.setattr(stopping, "_SAME_S", 0.0)
    before = signal.getsignal(which)
    async with asyncio.timeout(60):
        with stop.on_signals(lambda: told.append(1)):
            stop.again()
            os.kill(os.getpid(), which)
            await stop.wait()
            assert (stop.why, told, ended.is_set()) == (which.name, [1], False)
            os.kill(os.getpid(), which)
            await ended.wait()
    assert signal.getsignal(which) == before


async def test_a_signal_that_is_passed_on_by_a_wrapper_as_well_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended, stop = asyncio.Event(), Stop()
    monkeypatch.setattr(stopping, "_end_now", ended.set)
    monkeypatch.setattr(stopping, "_SAME_S", 3600.0)
    after = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, after.set)
    async with asyncio.timeout(60):
        with stop.on_signals(lambda: None):
            for which in (signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
                os.kill(os.getpid(), which)
            await after.wait()
    asyncio.get_running_loop().remove_signal_handler(signal.SIGUSR1)
    assert (stop.asked, ended.is_set()) == (True, False)


async def test_who_asks_first_says_why() -> None:
    stop = Stop()
    assert not stop.asked
    stop.ask("one")
    stop.ask("two")
    assert (stop.asked, stop.why) == (True, "one")


async def test_one_stop_serves_event_loops_one_after_the_other() -> None:
    stop = Stop()

    async def wait_a_moment() -> None:
        waiting = asyncio.ensure_future(stop.wait())
        await asyncio.sleep(0)
        assert waiting.done() is stop.asked
        waiting.cancel()

    for asked in (False, False, True):
        if asked:
            stop.ask("test")
        await asyncio.to_thread(asyncio.run, wait_a_moment())
