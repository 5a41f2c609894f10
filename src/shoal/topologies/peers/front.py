"""Gives tasks to the first peers of a mesh, round by round, and says what came of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shoal.runtime.context import Context
from shoal.runtime.ref import Ref
from shoal.runtime.side_by_side import side_by_side
from shoal.topologies.errors import TurnsSpent
from shoal.topologies.peers.messages import Heard, MeshResult
from shoal.topologies.peers.rounds import Answers, Ending, Round, over, sight_of
from shoal.topologies.peers.rules import Account, artefact_key, opened, said
from shoal.topologies.peers.turns import Turns
from shoal.topologies.wiring.carrying import as_data, plain
from shoal.topologies.wiring.front import Front
from shoal.topologies.wiring.history import as_text

Again = Callable[[Any, Answers], Any]


@dataclass(frozen=True)
class Plan:
    """How a mesh works; see :func:`shoal.topologies.mesh.mesh`."""

    first: tuple[str, ...]
    turns: int
    turns_each: int
    ending: Ending
    again: Again | None
    result: Callable[[MeshResult], Any] | None
    region: str | None


class Convener(Front):
    """Starts each round and waits until all that was said in it is answered: then the mesh is at rest.

    That is the termination of Dijkstra and Scholten, "Termination detection for diffusing computations" (1980): who was
    spoken to answers when all it spoke to have.
    """

    def __init__(self, plan: Plan, refs: Mapping[str, Ref], speaking: frozenset[str]) -> None:
        self._plan = plan
        self._refs = {name: refs[name] for name in plan.first}
        self._speaking = speaking

    async def lead(self, message: Any, ctx: Context) -> Any:
        """One task, until it is over."""
        plan, envelope = self._plan, ctx.message
        task = envelope.id.hex() if envelope is not None else ""
        account = Account(Turns(plan.turns, plan.turns_each, {}))
        rounds: list[Round] = []
        given = message
        while True:
            rounds.append(await self._round(_Round(task, len(rounds) + 1, given, account, ctx)))
            ended = over(plan.ending, rounds)
            if ended is not None:
                break
            if plan.again is not None:
                given = plan.again(message, dict(rounds[-1].answers))
        reason, why = ended
        result = MeshResult(
            reason=reason,
            why=why,
            answers=rounds[-1].answers,
            last=account.last,
            turns=account.taken,
            rounds=len(rounds),
            artefact=await self._artefact(task, ctx),
        )
        if plan.result is not None:
            return plan.result(result)
        # Plain, as it is for an asker in another process: what an asker sees must not depend on the host.
        return result.model_copy(
            update={"answers": plain(result.answers), "artefact": as_data(result.artefact)}
        )

    async def _round(self, now: _Round) -> Round:
        names = self._plan.first
        try:
            shares = now.account.reserve(names)
        except TurnsSpent as error:
            return Round({}, done=False, short=error.text, sight="")
        replies = await self._give_all(now, dict(zip(names, shares, strict=True)))
        answers = {name: one.answer for name, one in replies.items() if not one.cut}
        votes = [one.done for name, one in replies.items() if name in self._speaking]
        short = next((one.cut for one in replies.values() if one.cut), "")
        sight = await self._sight(now, answers) if self._plan.ending.rounds > 1 else ""
        return Round(answers, done=bool(votes) and all(votes), short=short, sight=sight)

    async def _give_all(self, now: _Round, shares: Mapping[str, Turns]) -> dict[str, _Reply]:
        if len(shares) == 1:
            return {name: await self._give(now, name, share) for name, share in shares.items()}
        async with side_by_side() as group:
            asked = {name: group.create_task(self._give(now, name, share)) for name, share in shares.items()}
        return {name: task.result() for name, task in asked.items()}

    async def _give(self, now: _Round, name: str, share: Turns) -> _Reply:
        mark = f"round/{now.number}"
        if name not in self._speaking:
            answer = await self.ask(self._refs[name], now.given, now.ctx, mark=mark)
            now.account.note(name, answer)
            return _Reply(answer)
        message = said(now.task, (), now.number, share, now.given)
        heard: Heard = await self.ask(self._refs[name], message, now.ctx, mark=mark)
        now.account.settle(heard)
        if heard.cut:
            return _Reply(None, done=heard.done, cut=heard.short)
        return _Reply(opened(name, heard), done=heard.done)

    async def _sight(self, now: _Round, answers: Answers) -> str:
        """Recorded: whoever leads the task again reads the board when more is on it."""

        async def look() -> str:
            artefact = await self._artefact(now.task, now.ctx)
            return sight_of(answers, as_text(artefact))

        if self._plan.region is None:
            return sight_of(answers, "")
        sight: str = await now.ctx.once(f"round/{now.number}", look)
        return sight

    async def _artefact(self, task: str, ctx: Context) -> Any:
        if self._plan.region is None:
            return None
        entry = await ctx.board.of(self._plan.region).get(artefact_key(self.team or ctx.address, task))
        return None if entry is None else entry.value


@dataclass(frozen=True)
class _Round:
    """A round that is about to be gone through."""

    task: str
    number: int
    given: Any
    account: Account
    ctx: Context


@dataclass(frozen=True)
class _Reply:
    """What a peer made of what it was given."""

    answer: Any
    done: bool = False
    cut: str = ""
    """Why there is no answer."""
