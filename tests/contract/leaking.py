"""A program that lets each of its parts fail with all canaries: ``python -m tests.contract.leaking TARGET DIRECTORY``.

``TARGET``: the host, ``local`` or ``ray``; ``DIRECTORY``: for its run, and for what else a user of it would see.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import shoal
from shoal.runtime.deadletters import DeadLetter
from shoal.runtime.errors import AgentStartFailed, ShoalError
from tests.contract.canaries import KEPT, Escalating, Leaky, Number, Relay, Say, Worker, talk
from tests.contract.settings import SETTINGS
from tests.contract.waiting import letters_to


def told(error: BaseException) -> str:
    """An error as whoever gets it can show it."""
    details = error.details if isinstance(error, ShoalError) else None
    return f"{error!r}\n{error}\n{details!r}\n"


def shown(letter: DeadLetter) -> str:
    """A dead letter but for its payload, which is the message."""
    return f"{letter.detail} {letter.path} {letter.tag}\n"


async def fail_in_each_way(system: shoal.System) -> list[str]:
    """Everything a user is shown."""
    seen: list[str] = []
    say = Say(text=talk())
    leaky = await system.spawn(Leaky, name="leaky", restart="temporary")
    relay = await system.spawn(Relay, name="relay")
    worker = await system.spawn(Worker, name="worker")

    async def attempt(work: Any) -> None:
        try:
            await work
        except ShoalError as error:
            seen.append(told(error))

    await attempt(leaky.ask(say))
    await attempt(relay.ask(say))
    await attempt(leaky.ask(talk()))
    await attempt(leaky.ask(Number(password=talk())))
    await leaky.tell(say)
    await attempt(system.run.task(leaky, Say(text="harmless"), task="failing"))
    await attempt(system.run.task(relay, Say(text="harmless"), task="relayed"))
    await attempt(system.run.task(leaky, Say(text=KEPT), task="kept"))
    try:
        await system.spawn(Leaky("start"), name="unstartable")
    except AgentStartFailed as error:
        seen.append(told(error))
    await system.run.note("remark", text=talk(), password="canary nineteen", nested=[{"it": talk()}])
    board = system.board()
    await board.put("plain", talk())
    await board.put("model", Say(text=talk()))
    await board.post("work/1", Say(text=talk()), max_attempts=1)
    await attempt(worker.ask("go"))
    escalating = await system.spawn(Escalating, name="escalating")
    await attempt(escalating.ask(Say(text="harmless")))
    for letter in await letters_to(system, leaky):
        seen.append(shown(letter))
    seen += [str(health) for health in await system.health()]
    seen.append(system.metrics_text())
    return seen


async def main(target: str, directory: Path) -> None:
    """Run it, and write down what was seen."""
    try:
        async with shoal.start(
            "local" if target == "local" else None, run="r", runs_root=directory / "runs", journal="messages",
            spares=0, **SETTINGS,
        ) as system:  # fmt: skip
            (directory / "seen").write_text("\n".join(await fail_in_each_way(system)))
            raise RuntimeError(f"the program itself fails: {talk()}")
    except RuntimeError as error:
        if "the program itself" not in str(error):
            raise


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
