"""One task of a swarm, as what is on the board says it is. Pure: versions and time in, verdicts out.

All of it follows from the entries under the task's prefix, so whoever takes the task up again reads those and knows it.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from shoal.blackboard.entry import decode_value
from shoal.blackboard.requests import Status
from shoal.blackboard.termination import Check, Situation, Verdict
from shoal.blackboard.version import Item, Version
from shoal.topologies.swarming.crew import Hand
from shoal.topologies.swarming.messages import AgentTally
from shoal.topologies.swarming.monitor import Figures
from shoal.topologies.swarming.plan import FINDING, ITEM, SwarmPlan, tag

_KEPT = 20
"""Proposals."""
_AGAIN_S = 0.2


class _Seen(NamedTuple):
    revision: int
    state: str
    errors: int


class Progress:
    """How far one task is."""

    def __init__(self, plan: SwarmPlan, began: float, until: float | None) -> None:
        """``until``: the wall-clock second at which whoever asked needs what there is."""
        self.plan = plan
        self.began = began
        self.until = until
        self._check: Check = plan.until.begin(began)
        self._items: dict[str, _Seen] = {}
        self._states: Counter[str] = Counter()
        self._ready: dict[int, set[str]] = {group: set() for group in plan.groups}
        self._delayed: list[tuple[float, str, tuple[int, ...]]] = []
        self._done_by: Counter[str] = Counter()
        self._failed_by: Counter[str] = Counter()
        self.busy_by: Counter[str] = Counter()
        """Items that agents have now, or are about to claim."""
        self._unseen: dict[str, str] = {}
        """By whom items were completed of which the board has not said so yet."""
        self._awaited = 0
        """Items that are being posted: the board has not said so yet."""
        self.findings = 0
        self.revision = 0
        self.proposals: list[str] = []
        self.overflow = False
        """Whether items were made that are over the limit, and not posted."""

    # -- what happens --------------------------------------------------------------------------------------

    def found(self, key: str, version: Version) -> None:
        """An entry that is there; ``key``: as it is called within the task."""
        self._check.found(version._replace(key=key))
        self._note(key, version)

    def see(self, key: str, version: Version, now: float) -> None:
        """A change."""
        self._check.see(version._replace(key=key), now)
        self._note(key, version)

    def _note(self, key: str, version: Version) -> None:
        self.revision = max(self.revision, version.mod_revision)
        if key.startswith(FINDING):
            self.findings += (version.version == 1) - version.deleted
        elif key.startswith(ITEM):
            self._note_item(key.removeprefix(ITEM), version)

    def _note_item(self, name: str, version: Version) -> None:
        before = self._items.get(name, _Seen(0, "", 0))
        item = version.item
        if version.mod_revision < before.revision:
            return
        if item is None:  # withdrawn by somebody
            self._put(name, before, _Seen(version.mod_revision, "", 0), None)
            return
        errors = max(before.errors, len(item.errors))
        for error in item.errors[before.errors :]:
            self._failed_by[error.partition(": ")[0]] += 1
        if item.state == "done" and before.state != "done":
            self._count_result(item)
            self.busy_by[self._unseen.pop(name, "")] -= 1
        self._put(name, before, _Seen(version.mod_revision, item.state, errors), item)

    def _put(self, name: str, before: _Seen, after: _Seen, item: Item | None) -> None:
        if name in self._items and not before.revision:
            self._awaited -= 1
        if before.state:
            self._states[before.state] -= 1
        if after.state:
            self._states[after.state] += 1
        self._items[name] = after
        for ready in self._ready.values():
            ready.discard(name)
        if item is not None and item.state == "open":
            groups = tuple(group for group in self._ready if tag(group) in item.tags)
            heapq.heappush(self._delayed, (item.not_before, name, groups))

    def _count_result(self, item: Item) -> None:
        result = decode_value(item.result) if item.result is not None else None
        if isinstance(result, dict):
            self._done_by[str(result.get("by"))] += 1
            if result.get("done") and len(self.proposals) < _KEPT:
                self.proposals.append(f"{result['by']}: {result['done']}")

    def claimed(self, name: str, revision: int) -> None:
        """An item was claimed here; the board is going to say so, too."""
        before = self._items.get(name, _Seen(0, "", 0))
        if revision > before.revision:
            self._put(name, before, before._replace(revision=revision, state="claimed"), None)

    def completed(self, name: str, by: str) -> None:
        """An item was completed here: until the board says so, it counts as one that the agent has."""
        if self._items[name].state != "done":
            self._unseen[name] = by
            self.busy_by[by] += 1

    def knows(self, name: str) -> bool:
        """Whether an item is called so."""
        return name in self._items

    def reserve(self, names: Sequence[str]) -> list[str]:
        """Those of the names that no item has; from now on they have one."""
        fresh = [name for name in dict.fromkeys(names) if name not in self._items]
        for name in fresh:
            self._items[name] = _Seen(0, "", 0)
        self._awaited += len(fresh)
        return fresh

    @property
    def room(self) -> int:
        """How many items may still be posted."""
        return max(0, self.plan.most_items - len(self._items))

    def release(self, names: Sequence[str]) -> None:
        """They were not posted after all."""
        for name in names:
            if self._items.get(name) == _Seen(0, "", 0):
                del self._items[name]
                self._awaited -= 1

    # -- who may work on what ------------------------------------------------------------------------------

    def ready(self, group: int, now: float) -> int:
        """How many items a group can claim now, as far as is known."""
        while self._delayed and self._delayed[0][0] <= now:
            _, name, groups = heapq.heappop(self._delayed)
            seen = self._items.get(name)
            if seen is not None and seen.state == "open":
                for one in groups:
                    self._ready[one].add(name)
        return len(self._ready.get(group, ()))

    def unready(self, group: int, now: float) -> None:
        """Nothing could be claimed: somebody else has it, or the board's clock is behind ours. Looked at again soon."""
        for name in self._ready[group]:
            heapq.heappush(self._delayed, (now + _AGAIN_S, name, (group,)))
        self._ready[group].clear()

    def may_have_more(self, name: str) -> bool:
        """Whether an agent may have one more item of this task than it has now."""
        each = self.plan.items_each
        return not self.retired(name) and (each is None or self._done_by[name] + self.busy_by[name] < each)

    def retired(self, name: str) -> str:
        """Why an agent gets no more items of this task; empty: it does."""
        done, failed = self._done_by[name], self._failed_by[name]
        if self.plan.failures_each is not None and failed >= self.plan.failures_each and failed > done:
            return f"{failed} of its {done + failed} attempts failed"
        if self.plan.items_each is not None and done >= self.plan.items_each:
            return f"it has had its {self.plan.items_each} items"
        return ""

    # -- how it is -----------------------------------------------------------------------------------------

    @property
    def figures(self) -> Figures:
        """For the monitor."""
        states = self._states
        return Figures(
            self.posted, states["open"], states["claimed"], states["done"], states["dead"],
            sum(self._failed_by.values()), self.findings,
        )  # fmt: skip

    @property
    def posted(self) -> int:
        """Items that there are or were."""
        return len(self._items)

    def tallies(self, names: Sequence[str]) -> dict[str, AgentTally]:
        """What each agent did."""
        known = dict.fromkeys([*names, *self._done_by])
        return {
            name: AgentTally(
                done=self._done_by[name], failed=self._failed_by[name], retired=self.retired(name)
            )
            for name in known
        }

    def verdict(self, now: float, hands: Sequence[Hand]) -> Verdict | None:
        """Whether the task is over. ``hands``: those who could work on it."""
        if not self._items:
            return Verdict("no items", "the seed gave no items")
        if self.overflow:
            made = f"{len(self._items)} items were posted, and agents make more"
            return Verdict(f"most_items={self.plan.most_items}", made)
        states = self._states
        open_, claimed = states["open"], states["claimed"]
        status = Status(
            self.revision, 0, len(self._items), open_ + self._awaited, open_, claimed, states["done"], states["dead"],
            0, 0, 0,
        )  # fmt: skip
        verdict = self._check.verdict(Situation(self.revision, (status,)), now)
        if verdict is None and self.until is not None and now >= self.until:
            return Verdict("cut", "the time of whoever asked is nearly over")
        if verdict is None and open_ and not claimed and all(self.retired(hand.name) for hand in hands):
            why = "; ".join(f"{hand.name}: {self.retired(hand.name)}" for hand in hands) or "there is none"
            return Verdict("agents", f"no agent is left for {open_} items: {why}"[:1000])
        return verdict

    def due(self) -> float | None:
        """When the verdict, or what is ready, may be another although nothing happens."""
        times = [self._check.due(), self.until, self._delayed[0][0] if self._delayed else None]
        return min((at for at in times if at is not None), default=None)
