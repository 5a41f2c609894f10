"""What model calls took, by whom: read from a run's recorded calls, to the token.

The records are the same that keep a call from being paid twice, so the sums are complete whoever was killed when; a
call that was never recorded, because its process died with the answer, is not in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from shoal.actors.llm.recorded import ModelCall
from shoal.models.calling.account import CallAccount
from shoal.models.chat import Usage
from shoal.runtime.codec import decode, tag_of
from shoal.runtime.durable.opening import state_files
from shoal.runtime.durable.sqlite_store import SqliteStateStore


class By(StrEnum):
    """What calls are put together by."""

    AGENT = "agent"
    TASK = "task"
    MODEL = "model"
    EDGE = "edge"
    """Who asked, and which agent's model answered."""
    STEP = "step"
    """Which step of a dialogue."""
    TEAM = "team"


class Spent(NamedTuple):
    """Some calls together."""

    calls: int = 0
    """Of agents; each may be several requests."""
    attempts: int = 0
    """Requests that were sent."""
    failed: int = 0
    """Calls that gave no answer."""
    usage: Usage = Usage()
    usd: float = 0.0
    priced: bool = True
    """Whether all prices are known; else ``usd`` is too low."""
    took_s: float = 0.0

    def plus(self, account: CallAccount, *, calls: int, failed: bool) -> Spent:
        """With one more account."""
        return Spent(
            self.calls + calls,
            self.attempts + account.attempts,
            self.failed + failed,
            self.usage.plus(account.usage),
            self.usd + account.usd,
            self.priced and account.priced,
            self.took_s + account.took_s,
        )


def calls_of(run_dir: Path) -> Iterator[ModelCall]:
    """All recorded calls of a run, by its directory. Raises ``StoreError`` when its state cannot be read.

    What a system keeps in PostgreSQL (``state_store``) is not there.
    """
    return (call for _, call in recorded_calls(run_dir))


def recorded_calls(run_dir: Path) -> Iterator[tuple[str, ModelCall]]:
    """As :func:`calls_of`, each with the key it is recorded under."""
    tag = tag_of(ModelCall)
    for path in sorted(state_files(run_dir)):
        store = SqliteStateStore(path, create=False)
        try:
            for key, payload in store.recorded(tag):
                call: ModelCall = decode(tag, payload)
                yield key, call
        finally:
            store.close()


def spent_by(calls: Iterable[ModelCall], by: By) -> dict[str, Spent]:
    """Sums by agent, task, model, ..., the dearest first, then those with the most tokens."""
    sums: dict[str, Spent] = {}
    for call in calls:
        counted: set[str] = set()
        for account in call.accounts:
            key = _key(call, account, by)
            first = key not in counted
            counted.add(key)
            failed = first and call.response is None
            sums[key] = sums.get(key, Spent()).plus(account, calls=int(first), failed=failed)
    return dict(sorted(sums.items(), key=lambda item: (-item[1].usd, -item[1].usage.total_tokens, item[0])))


def total_of(calls: Iterable[ModelCall]) -> Spent:
    """All of them together."""
    total = Spent()
    for call in calls:
        for position, account in enumerate(call.accounts):
            first = position == 0
            total = total.plus(account, calls=int(first), failed=first and call.response is None)
    return total


def _key(call: ModelCall, account: CallAccount, by: By) -> str:
    match by:
        case By.AGENT:
            return call.agent
        case By.TASK:
            return call.task
        case By.MODEL:
            return account.model
        case By.EDGE:
            return f"{call.sender} → {call.agent}"
        case By.STEP:
            return str(call.step)
        case By.TEAM:
            return call.team.replace("|", " / ") or "(none)"
