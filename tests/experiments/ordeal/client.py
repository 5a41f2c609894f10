"""``shoal run`` and ``shoal resume`` as a user starts them: each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.experiments.ordeal.desk import notes_file
from tests.experiments.ordeal.endpoint import NOTES, TAKES

PATIENCE_S = 300.0
"""Nothing takes so long, on a loaded machine either: not a start, a restart, nor the end of a run."""


class Client:
    """One process of the command line."""

    def __init__(self, folder: Path, answer_s: float, *words: str) -> None:
        """``answer_s``: how long the model takes for an answer."""
        environment = {**os.environ, NOTES: str(notes_file(folder)), TAKES: str(answer_s), "COLUMNS": "160"}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        self._log = (folder / "client.log").open("a+")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "shoal", *words], env=environment, stdout=self._log, stderr=self._log
        )

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def kill(self) -> bool:
        """By SIGKILL; whether it lived until then."""
        self._process.send_signal(signal.SIGKILL)
        return self._process.wait(PATIENCE_S) == -signal.SIGKILL

    def end(self) -> int:
        """Wait for it; its status."""
        return self._process.wait(PATIENCE_S)

    def said(self) -> str:
        """The last of what it, and those before it, said."""
        self._log.seek(0)
        return self._log.read()[-4000:]

    def close(self) -> None:
        """Nothing of it is left behind."""
        if self.running:
            self.kill()
        self._log.close()
