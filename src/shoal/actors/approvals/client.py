"""Requests as a program sees them that decides, or shows them to somebody who does: ``Approvals``."""

from __future__ import annotations

import asyncio
import getpass
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

from shoal.actors.approvals.actor import POLL_S, ApprovalsActor
from shoal.actors.approvals.errors import DecisionUnfit
from shoal.actors.approvals.messages import ADDRESS, Closing
from shoal.actors.approvals.request import Decision, Request, State
from shoal.actors.approvals.request_file import RequestFile
from shoal.actors.approvals.showing import Redact, json_text
from shoal.runtime.errors import NameTaken
from shoal.runtime.redaction import redact as redact_secrets
from shoal.runtime.restart_policy import RestartPolicy
from shoal.runtime.system import System

_POLICY = RestartPolicy("permanent", intensity=1000, period_s=60.0, with_client=True)
"""It writes files on the client's machine. Each restart is one of somebody who kills it: it is never given up."""
T = TypeVar("T")


class Approvals:
    """The requests of one run. Decisions go straight into its file: it need not be this program's run, nor be running.

    All of its methods raise ``StoreError`` when the file cannot be used; those that decide raise
    :class:`~shoal.actors.approvals.errors.ApprovalError` when a decision cannot be taken.
    """

    def __init__(self, directory: Path | str, *, poll_s: float = POLL_S) -> None:
        """The requests of the run in ``directory``."""
        self._directory = Path(directory)
        self._poll_s = poll_s

    @classmethod
    async def open(
        cls, system: System, *, redact: Redact = redact_secrets, poll_s: float = POLL_S
    ) -> Approvals:
        """Let the agents of a system ask people; its requests. Opening them again is fine.

        ``redact`` makes secrets in a text unreadable, before a request is written down; as code it must pickle, for
        Ray. ``poll_s``: how often decisions are looked for while somebody waits. Raises ``ConfigError`` in a system on
        Ray without a run directory.
        """
        directory = await asyncio.to_thread(system.as_sender.state.directory)
        try:
            await system.keep(ApprovalsActor(redact, poll_s), ADDRESS, _POLICY)
        except NameTaken:
            return cls(directory, poll_s=poll_s)

        async def closing() -> None:
            await system.as_sender.ask(ADDRESS, Closing())

        system.before_shutdown(closing)
        return cls(directory, poll_s=poll_s)

    def __repr__(self) -> str:
        return f"Approvals({str(self._directory)!r})"

    # -- looking -------------------------------------------------------------------------------------------

    async def list(self, *states: State | str) -> list[Request]:
        """The requests in these states, oldest first; without any, those that are pending."""
        wanted = [State(state) for state in states] or [State.PENDING]
        return await self._use(lambda file: file.list(wanted, time.time()))

    async def get(self, request_id: str) -> Request:
        """One request, by its id or the beginning of it. Raises ``RequestUnknown``."""
        return await self._use(lambda file: file.find(request_id, time.time()))

    async def wait(self, request_id: str) -> Request:
        """Wait until a request is not pending any more."""
        while (request := await self.get(request_id)).state is State.PENDING:  # noqa: ASYNC110 - in a file
            await asyncio.sleep(self._poll_s)
        return request

    async def pending(self) -> AsyncIterator[Request]:
        """Each request that is or becomes pending, once: for a program that shows them to people, or decides itself."""
        told: set[str] = set()
        while True:
            now = {request.id: request for request in await self.list()}
            for request_id in [one for one in now if one not in told]:
                yield now[request_id]
            told = set(now)
            await asyncio.sleep(self._poll_s)

    # -- deciding ------------------------------------------------------------------------------------------

    async def approve(self, request_id: str, *, note: str = "", by: str = "") -> Request:
        """Let it go on as it is. ``by``: who says so; else who runs this program."""
        return await self._decide(request_id, State.APPROVED, note, by)

    async def reject(self, request_id: str, *, note: str = "", by: str = "") -> Request:
        """Refuse it, or refuse to answer."""
        return await self._decide(request_id, State.REJECTED, note, by)

    async def edit(self, request_id: str, value: Any, *, note: str = "", by: str = "") -> Request:
        """Let it go on with another value: JSON data, as a whole."""
        return await self._decide(request_id, State.EDITED, note, by, _checked(request_id, value))

    async def answer(self, request_id: str, text: str, *, note: str = "", by: str = "") -> Request:
        """Answer a question."""
        return await self._decide(request_id, State.ANSWERED, note, by, json_text(text))

    async def _decide(
        self, request_id: str, state: State, note: str, by: str, value: str | None = None
    ) -> Request:
        def decide(file: RequestFile) -> Request:
            now = time.time()
            decision = Decision(state=state, by=by or who_runs_this(), at=now, note=note, value=value)
            return file.decide(file.find(request_id, now).id, decision, now)

        return await self._use(decide)

    async def _use(self, use: Callable[[RequestFile], T]) -> T:
        def call() -> T:
            with RequestFile(self._directory) as file:
                return use(file)

        return await asyncio.to_thread(call)


def who_runs_this() -> str:
    """The name of the user whose process this is."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        return "unknown"


def _checked(request_id: str, value: Any) -> str:
    try:
        return json_text(value)
    except (TypeError, ValueError) as exc:
        raise DecisionUnfit(
            f"the value for request {request_id} is no JSON: {exc}", request=request_id
        ) from exc
