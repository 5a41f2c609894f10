"""Searches of a pattern that end, however long the pattern would take: in a process that can be killed.

The process is started with the first search, goes on for all that follow, and ends with its :class:`Matcher`, or when
whoever has that is gone: then there is nothing more to read for it, and its own time limit ends a search.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

from shoal.experiments.scoring import matching_process
from shoal.experiments.scoring.errors import CannotJudge

LIMIT_S = 1.0
"""Of the processor's time for one answer. A search that is not of the kind that explodes takes milliseconds."""
_TRIES = 2


class Matcher:
    """Of one pattern. Any thread may ask, and waits for its turn."""

    def __init__(self, pattern: str, *, ignore_case: bool = False, limit_s: float = LIMIT_S) -> None:
        self._first = [pattern, ignore_case, limit_s]
        self._limit_s = limit_s
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ending: weakref.finalize[Any, Any] | None = None

    def last_find(self, text: str) -> list[str | None] | None:
        """What the first group holds in the last place; ``None``: the pattern is not in the text.

        Raises :class:`CannotJudge`: it takes too long, or there is no process to be had.
        """
        with self._turn:
            for _ in range(_TRIES):  # the process may have been ended by somebody else
                try:
                    answer = self._asked(text)
                except OSError as exc:
                    raise CannotJudge(f"cannot start its process: {exc}") from exc
                if answer:
                    found: list[str | None] | None = json.loads(answer)
                    return found
                if (status := self._ended()) == -signal.SIGPROF:
                    raise CannotJudge(f"took longer than {self._limit_s:g} s to search the answer")
        raise CannotJudge(f"lost its process, which ended with status {status}")

    def close(self) -> None:
        """End the process. The next search starts another."""
        with self._turn:
            self._ended()

    def _asked(self, text: str) -> bytes:
        """The line that answers; empty: the process has ended."""
        process = self._process or self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(_line(text))
            process.stdin.flush()
        except BrokenPipeError:
            return b""
        return process.stdout.readline()

    def _started(self) -> subprocess.Popen[bytes]:
        # -I: modules beside that file must not stand in for Python's own. A session of its own: an interrupt from the
        # terminal is not for it, for answers are still judged while a run stops.
        self._process = process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(matching_process.__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._ending = weakref.finalize(self, _end, process)
        assert process.stdin is not None
        process.stdin.write(_line(self._first))
        return process

    def _ended(self) -> int | None:
        """With which status the process has ended, or is ended now."""
        process, self._process = self._process, None
        if self._ending is not None:
            self._ending()
        return None if process is None else process.returncode


def _line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _end(process: subprocess.Popen[bytes]) -> None:
    # First of all, for another thread may be waiting for its answer. The status of one that is ending already stays.
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        with contextlib.suppress(OSError):  # there may be something left that it did not read
            pipe.close()
