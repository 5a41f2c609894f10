"""What model calls took, by whom, to the token and the billionth of a dollar: read from a run's directory.

The records are the same that keep a call from being paid twice. A call that has none, because its process died before
it could write one, is known by the charge that the limiter still has: it is there as a lost call. So the sums are what
budgets were charged, whoever was killed when. (Where no limits were opened, nobody knows of lost calls.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from shoal.actors.limits.lost import left_charges
from shoal.actors.llm.call_labels import call_of
from shoal.actors.llm.recorded import ModelCall
from shoal.models.calling.account import CallAccount
from shoal.models.chat import Usage
from shoal.models.money import NANO
from shoal.runtime.codec import decode, tag_of
from shoal.runtime.durable.run_effects import run_effects
from shoal.runtime.journal.run_lock import holder_of


class By(StrEnum):
    """What calls are put together by."""

    AGENT = "agent"
    ROLE = "role"
    """The agent's class, or the name it was given."""
    TASK = "task"
    MODEL = "model"
    EDGE = "edge"
    """Who asked, and which agent's model answered."""
    STEP = "step"
    """Which step of a dialogue."""
    TEAM = "team"


_NOBODY = "(none)"


class Spent(NamedTuple):
    """Some calls together."""

    calls: int = 0
    """Of agents; each may be several requests."""
    attempts: int = 0
    """Requests that were sent."""
    failed: int = 0
    """Calls that gave no answer."""
    lost: int = 0
    """Calls without a record: see the module. Each is one of ``calls`` and one of ``attempts``."""
    usage: Usage = Usage()
    nano_usd: int = 0
    """Billionths of a US dollar: whole ones for each request, so that sums are the same in any order."""
    priced: bool = True
    """Whether all prices are known; else ``nano_usd`` is too low."""
    took_s: float = 0.0

    @property
    def usd(self) -> float:
        """US dollars."""
        return self.nano_usd / NANO

    @property
    def tokens(self) -> int:
        """Input and output."""
        return self.usage.total_tokens

    def plus(self, call: ModelCall, account: CallAccount, *, first: bool) -> Spent:
        """With one more account of a call; ``first``: it is the call's first one here."""
        return Spent(
            self.calls + first,
            self.attempts + account.attempts,
            self.failed + (first and call.error is not None),
            self.lost + call.lost,
            self.usage.plus(account.usage),
            self.nano_usd + account.nano_usd,
            self.priced and account.priced,
            self.took_s + account.took_s,
        )


def calls_of(run_dir: Path, state_store: str = "") -> Iterator[ModelCall]:
    """All calls of a run, by its directory: the recorded ones, then the lost ones. Raises ``StoreError`` when its
    state cannot be read.

    While the run goes on, calls that are under way are not there. ``state_store``: as of
    :func:`~shoal.runtime.durable.run_effects.run_effects`.
    """
    # First the charges: what is recorded after this is found to be.
    left = {lost.permit: lost for lost in left_charges(run_dir, over=holder_of(run_dir) is None)}
    for _, call in recorded_calls(run_dir, state_store):
        for charge in call.charges:
            left.pop(charge.permit, None)
        yield call
    for lost in left.values():
        yield call_of(lost)


def costs_by_task(run_dir: Path) -> dict[str, Spent]:
    """What each task of a run took, lost calls included. What belongs to no task is under the id of the first message
    that led to it. Raises ``StoreError``."""
    return spent_by(calls_of(run_dir), By.TASK)


def recorded_calls(run_dir: Path, state_store: str = "") -> Iterator[tuple[str, ModelCall]]:
    """The recorded calls alone, each with the key it is recorded under."""
    tag = tag_of(ModelCall)
    with run_effects(run_dir, state_store) as effects:
        for key, payload in effects.tagged(tag):
            call: ModelCall = decode(tag, payload)
            yield key, call


def spent_by(calls: Iterable[ModelCall], by: By) -> dict[str, Spent]:
    """Sums by agent, task, model, ..., the dearest first, then those with the most tokens."""
    sums: dict[str, Spent] = {}
    for call in calls:
        counted: set[str] = set()
        for account in call.accounts:
            key = _key(call, account, by)
            sums[key] = sums.get(key, Spent()).plus(call, account, first=key not in counted)
            counted.add(key)
    return dict(sorted(sums.items(), key=lambda item: (-item[1].nano_usd, -item[1].tokens, item[0])))


def total_of(calls: Iterable[ModelCall]) -> Spent:
    """All of them together."""
    total = Spent()
    for call in calls:
        for position, account in enumerate(call.accounts):
            total = total.plus(call, account, first=position == 0)
    return total


def _key(call: ModelCall, account: CallAccount, by: By) -> str:
    match by:
        case By.AGENT:
            return call.agent or _NOBODY
        case By.ROLE:
            return call.role or call.agent or _NOBODY
        case By.TASK:
            return call.task or _NOBODY
        case By.MODEL:
            return account.model
        case By.EDGE:
            return f"{call.sender} → {call.agent}"
        case By.STEP:
            return str(call.step)
        case By.TEAM:
            return call.team.replace("|", " / ") or _NOBODY
