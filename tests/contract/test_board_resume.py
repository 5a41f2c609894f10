"""A program that dies and is resumed finds the board as it left it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import shoal
from shoal.errors import LeaseLost

PROGRAM = """
import asyncio, os, sys, shoal

async def main():
    async with shoal.start("local", run="r", runs_root=sys.argv[1]) as system:
        board = system.board()
        await board.put("plan", "as it was")
        await board.post("task", 1, backoff_s=0)
        item = await board.try_claim(lease_s=3600)
        print(item.token, flush=True)
        os._exit(9)

asyncio.run(main())
"""


@pytest.fixture
def died(tmp_path: Path) -> int:
    """The token of a claim whose holder died with its program."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 9, done.stderr
    return int(done.stdout)


async def test_a_resumed_run_has_the_board_at_once_and_its_claims_still_hold(
    died: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOAL_RESUME", str(tmp_path / "r"))
    async with shoal.start("local", run="r", runs_root=tmp_path) as system:
        board = system.board()
        assert (await board.get("plan", str)).value == "as it was"  # type: ignore[union-attr]
        held = await board.get("task", int)
        assert held is not None
        assert held.item is not None
        assert (held.item.state, held.item.token) == ("claimed", died)
        assert await board.try_claim() is None


async def test_another_program_on_a_finished_run_s_directory_goes_on_with_its_region(tmp_path: Path) -> None:
    async with shoal.start("local", run_dir=str(tmp_path)) as system:
        await system.board().put("a", 1)
        item_of = await system.board().post("task", 1)
    async with shoal.start("local", run_dir=str(tmp_path)) as system:
        entry = await system.board().get("a")
        assert entry is not None
        assert (entry.value, entry.revision) == (1, 1)
        item = await system.board().try_claim()
        assert item is not None
        assert item.token > item_of.revision
        await system.board().delete("task")
        with pytest.raises(LeaseLost):
            await item.complete()
