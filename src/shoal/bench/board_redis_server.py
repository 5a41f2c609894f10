"""The Redis of a bench: the one that ``REDIS_URL`` names, or one of its own on a socket that nobody else knows."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from shoal.bench.board_redis import RedisBoard, redis_package
from shoal.bench.errors import BenchError, CannotTakePart

URL = "REDIS_URL"
_PROGRAM = "redis-server"
_START_S = 60.0
"""The longest that a server may take to load what it has."""
_EVERYSEC = (
    "written to the file before the answer, to the disk once a second: survives the death of the process (unless the "
    "disk is so slow that Redis puts writing off, up to 2 s), and loses 1 to 2 s with the power"
)


class RedisServer:
    """A server to work on."""

    def __init__(self) -> None:
        """Nothing is started. Raises :class:`CannotTakePart` where there is no server or no ``redis`` package."""
        self.name = f"shoal-bench-{secrets.token_hex(4)}"
        """Before all keys that are ours."""
        self.url = os.environ.get(URL, "")
        self.ours = not self.url
        """Whether it is our own process, which may be killed."""
        self._process: subprocess.Popen[bytes] | None = None
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        try:
            redis_package()
        except ImportError:
            raise CannotTakePart("the Python package redis is not installed") from None
        if self.ours and shutil.which(_PROGRAM) is None:
            raise CannotTakePart(f"no {_PROGRAM} is on the path, and {URL} is not set")

    def start(self) -> None:
        """Start it, if it is ours, and wait until it answers. Raises :class:`CannotTakePart` for one that is not ours
        and gives no answer, :class:`BenchError` for our own."""
        if not self.ours:
            try:
                self._first_answer()
            except redis_package().RedisError as exc:
                raise CannotTakePart(f"the Redis of {URL} gives no answer: {exc}") from exc
            return
        if self._directory is None:
            self._directory = tempfile.TemporaryDirectory(prefix="shoal-bench-")
            self.url = f"unix://{Path(self._directory.name) / 'redis.sock'}"
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Start our own; what an earlier one has written is there again once it answers."""
        assert self._directory is not None
        settings = {
            "port": "0", "unixsocket": "redis.sock", "unixsocketperm": "700", "dir": self._directory.name,
            "appendonly": "yes", "appendfsync": "everysec", "save": "", "daemonize": "no", "logfile": "redis.log",
        }  # fmt: skip
        command = [_PROGRAM, *(word for name, value in settings.items() for word in (f"--{name}", value))]
        self._process = subprocess.Popen(
            command, cwd=self._directory.name, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def wait(self) -> None:
        """Wait until our own answers."""
        assert self._process is not None
        deadline = time.monotonic() + _START_S
        while True:
            try:
                self._first_answer()
                return
            except redis_package().RedisError as exc:  # it is not there yet, or loads
                status = self._process.poll()
                if status is not None:
                    raise BenchError(f"{_PROGRAM} ended with status {status}") from exc
                if time.monotonic() > deadline:
                    raise BenchError(f"{_PROGRAM} gave no answer in {_START_S:g} s: {exc}") from exc
            time.sleep(0.002)

    def remark(self) -> str:
        """How it keeps what it answered, for people."""
        board = self.board()
        try:
            kept = board.durability()
        finally:
            board.close()
        if not self.ours:
            return f"the server of {URL}, whose CPU time is not counted; {kept}"
        return f"{kept}: {_EVERYSEC}"

    def board(self) -> RedisBoard:
        """A connection."""
        return RedisBoard(self.url, self.name)

    def kill(self) -> None:
        """Kill our own with SIGKILL, and wait until it is gone."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def stop(self) -> None:
        """End our own with all it wrote; delete our keys in one that is not ours, if it still answers."""
        if not self.ours:
            board = self.board()
            with contextlib.suppress(redis_package().RedisError):
                board.clear()
            board.close()
        self.kill()
        if self._directory is not None:
            self._directory.cleanup()

    def _first_answer(self) -> None:
        board = self.board()
        try:
            board.revision()
        finally:
            board.close()
