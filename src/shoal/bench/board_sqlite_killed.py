"""Plain SQLite's side of the row about recovery: a process that has the file is killed and started again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from shoal.bench import board_sqlite_keeper
from shoal.bench.board_recovery import kill_counts
from shoal.bench.board_sqlite import REMARK, SqliteBoard
from shoal.bench.board_work import MANY, check_found, entry_key, entry_keys, unpack
from shoal.bench.sides import Outcome, Side, Stage
from shoal.bench.workload import parcel


class SqliteRecovery(Side):
    """From SIGKILL of the process to the answer of the next one, which is started when the first is gone."""

    counts = kill_counts()
    remark = REMARK

    def __init__(self) -> None:
        self._started = ExitStack()
        self._keeper: subprocess.Popen[str] | None = None

    async def setup(self, stage: Stage) -> None:
        """Fill the file and start the process."""
        self._observe = stage.observe
        directory = self._started.enter_context(tempfile.TemporaryDirectory(prefix="shoal-bench-"))
        self._path = Path(directory) / "main.db"
        self._started.callback(self._kill)
        await asyncio.to_thread(self._fill)

    def _fill(self) -> None:
        board = SqliteBoard(self._path)
        for keys in entry_keys(MANY):
            board.put_all(keys, parcel(0))
        self._start()
        self._ask(entry_key(0))
        # Only now: the last one to close a file folds its write-ahead log, which would be there after a kill.
        board.close()

    async def run(self, count: int) -> Outcome:
        """Kill it ``count`` times."""
        return await asyncio.to_thread(self._kill_each, count)

    async def teardown(self) -> None:
        """End it, and remove the file."""
        self._started.close()

    def _kill_each(self, count: int) -> Outcome:
        latencies_s = []
        for number in range(count):
            self._observe()
            begun = time.perf_counter()
            self._kill()
            self._start()
            self._ask(entry_key(number))
            latencies_s.append(time.perf_counter() - begun)
        return Outcome(done=len(latencies_s), latencies_s=latencies_s)

    def _start(self) -> None:
        command = [sys.executable, "-I", str(Path(board_sqlite_keeper.__file__)), str(self._path)]
        self._keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def _kill(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.kill()
            keeper.communicate()

    def _ask(self, key: str) -> None:
        keeper = self._keeper
        assert keeper is not None
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        keeper.stdin.write(key + "\n")
        keeper.stdin.flush()
        packed = keeper.stdout.readline().strip()
        check_found(packed or None, key)
        unpack(bytes.fromhex(packed))
