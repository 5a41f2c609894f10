"""A program with a run, to be killed: ``python -m tests.contract.killable TARGET LOG RESULTS COUNT``.

TARGET is ``local`` or a cluster's address. It does COUNT tasks and writes their results to the file RESULTS.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import shoal
from tests.contract.laborers import Job, Laborer


async def main(target: str, log: str, results: str, count: int) -> None:
    async with shoal.start(target, run="r", spares=0, stop_grace_s=0.5) as system:
        laborer = await system.spawn(Laborer(), name="laborer")
        jobs = {f"t{n}": Job(n=n - 3, log=log, pause_s=0.005) for n in range(count)}
        found = {}
        async for result in system.run.tasks(laborer, jobs, concurrency=8):
            found[result.task] = str(result.error) if result.error else result.value.square
        text = json.dumps(dict(sorted(found.items())))
        await asyncio.to_thread(Path(results).write_text, text, encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
