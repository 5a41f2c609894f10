"""What people decided in a run, played back to its replay: nobody is asked, and nothing waits.

Callback contract: a message is an :class:`Ask`, its answer the recorded request, with its decision, or expired as it
was then. What nobody decided is answered at once with :class:`Diverged`, which the agent takes for a refusal: the
request of a replay lies in a directory that nobody looks into.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from shoal.actors.agent import Agent
from shoal.actors.approvals.messages import Ask, Outcome
from shoal.actors.approvals.request import Request, State
from shoal.actors.approvals.request_file import FILE_NAME, RequestFile
from shoal.experiments.errors import Diverged
from shoal.experiments.replaying.divergence import Divergence
from shoal.runtime.context import Context
from shoal.runtime.failure import pack_error

_OPEN = (State.PENDING, State.WITHDRAWN)


def requests_of(run_dir: Path) -> dict[str, Request]:
    """All requests of a run by their ids; none where nobody was asked. Blocks; raises ``StoreError``."""
    if not (run_dir / FILE_NAME).exists():
        return {}
    with RequestFile(run_dir, create=False, read_only=True) as file:
        return {one.id: one for one in file.list(State, time.time())}


class DecisionsThen(Agent):
    """Keeps the recorded requests under the address at which agents ask people."""

    def __init__(self, requests: Mapping[str, Request], diverging: Callable[[Diverged], None]) -> None:
        """``diverging`` is told of what nobody decided."""
        self._requests = requests
        self._diverging = diverging
        self.new: list[Divergence] = []
        """What was not asked in the run."""
        self.undecided: list[str] = []
        """What was asked in the run too, and not decided there, in words."""

    def __deepcopy__(self, memo: object) -> DecisionsThen:
        """Itself: agents that are given are copied, and who gave it reads what it noted."""
        return self

    async def on_ask(self, ask: Ask, ctx: Context) -> Outcome:
        """Answer at once."""
        agent = ctx.sender.address if ctx.sender is not None else ""
        known = self._requests.get(ask.id)
        if known is not None and (known.agent, known.kind, known.subject) == (agent, ask.kind, ask.subject):
            if known.state not in _OPEN:
                return Outcome(request=known)
            self.undecided.append(
                f"nobody decided about {ask.title!r} of {agent} in the run, so there is no decision to play back"
            )
        else:
            said = f"{agent} asks a person about {ask.title!r}, which it did not do then"
            self.new.append(Divergence("effect", agent, said))
        error = Diverged(
            f"no decision about {ask.title!r} is recorded, and a replay asks nobody",
            agent=agent,
            what=ask.title,
        )
        self._diverging(error)
        return Outcome(error=pack_error(error))
