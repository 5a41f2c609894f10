"""Kills writers of one region, one after the other, each at a random moment; what they acknowledged has to be there.

``python -m tests.blackboard.persistence.kills DIRECTORY KILLS SEED``. A process of its own, that has loaded everything
once and forks its writers: a kill takes 50 ms. Prints how many revisions were written.
"""

from __future__ import annotations

import os
import random
import select
import signal
import struct
import sys
from pathlib import Path

from shoal.blackboard.persistence import Answer, Owner, RegionReader, SqliteRegionLog, owned_log, sqlite_log
from shoal.blackboard.persistence.sqlite_source import SqliteSource
from tests.blackboard.persistence.past import Past

WINDOW = 50
_NUMBER = struct.Struct("<q")


class SteppedPast(Past):
    """A past that is the same each time it is made up."""

    def __init__(self) -> None:
        super().__init__()
        self._steps = 0

    def extend(self, head: int) -> None:
        """Come up to a revision."""
        while self.head < head:
            self._steps += 1
            dice = random.Random(self._steps)
            keys = [f"key/{dice.randrange(60)}" for _ in range(dice.choice([1, 1, 1, 5]))]
            self.commit({key: None if dice.random() < 0.2 else bytes(dice.randrange(300)) for key in keys})


def write(path: Path, past: SteppedPast, generation: int, told: int) -> None:
    """A writer: goes on until it is killed, and tells each revision once it is written."""
    log = SqliteRegionLog(path, "main", quick=True, busy_s=5)
    log.open(Owner("session", "run", generation), 1.0, WINDOW)
    dice = random.Random(generation)
    while True:
        before = past.head
        past.extend(before + dice.choice([1, 1, 4]))
        answers = [Answer(b"m%d" % (n + 1), n + 1, b"r%d" % (n + 1)) for n in range(before, past.head)]
        log.append(past.commits[before:], answers, 1.0)
        os.write(told, _NUMBER.pack(past.head))
        if dice.random() < 0.05:
            log.compact(max(0, past.head - 4 * WINDOW))
        if log.wants_tending:
            log.tend()


def kill_one(path: Path, past: SteppedPast, generation: int, dice: random.Random) -> int:
    """One writer's life; the last revision that it acknowledged."""
    heard, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(heard)
            write(path, past, generation, told)
        finally:
            os._exit(1)
    os.close(told)
    acknowledged = past.head
    wanted = acknowledged + dice.randrange(120)
    while acknowledged < wanted and (data := os.read(heard, _NUMBER.size)):
        acknowledged = _NUMBER.unpack(data)[0]
    select.select([], [], [], dice.random() * 0.004)  # somewhere within what it does next
    os.kill(pid, signal.SIGKILL)
    while data := os.read(heard, _NUMBER.size):
        acknowledged = _NUMBER.unpack(data)[0]
    os.close(heard)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), "the writer failed"
    return int(acknowledged)


def check(path: Path, past: SteppedPast, acknowledged: int, thoroughly: bool) -> None:
    """The past comes up to what was written: all that was acknowledged, and at most what was under way beside it."""
    with RegionReader(SqliteSource(path, "main"), "main") as reader:
        head, compacted = reader.head, reader.compacted
        assert acknowledged <= head <= acknowledged + 4, (acknowledged, head)
        past.extend(head)
        assert (
            list(reader.commits(max(compacted, head - 300) + 1)) == past.commits[max(compacted, head - 300) :]
        )
        assert list(reader.entries_at()) == past.entries_at(head)
        if thoroughly:
            reader.verify()


def main(directory: Path, kills: int, seed: int) -> int:
    """How many revisions were written in the end."""
    vars(owned_log)["CHUNK"] = 40
    vars(sqlite_log)["_FOLD_BYTES"] = 64 * 1024
    path, past, dice = directory / "main.db", SteppedPast(), random.Random(seed)
    for number in range(1, kills + 1):
        acknowledged = kill_one(path, past, number, dice)
        if acknowledged or path.exists():
            log = SqliteRegionLog(path, "main")
            saved = log.open(Owner("session", "run", number), 1.0, WINDOW)
            log._file.close()  # as if it had died, too: nothing is marked as closed
            check(path, past, acknowledged, thoroughly=number % 10 == 0)
            assert saved.commits == past.commits[saved.oldest :]
            assert sorted(saved.base) == sorted(past.states[saved.oldest].values())
            assert saved.answers.get(b"m%d" % acknowledged, b"r%d" % acknowledged) == b"r%d" % acknowledged
            assert acknowledged == 0 or b"m%d" % acknowledged in saved.answers
    return past.head


if __name__ == "__main__":
    sys.stdout.write(f"{main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))}\n")
