"""The decisions of a controller: which changes make which sources eligible, what goes next, when it is over.

Pure, but for the code of predicates and of the choice, which comes from users: what that raises is counted and logged,
and does no harm. Time is an argument. What is to be kept is given as writes to the board (:meth:`Control.steps`).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable

from shoal.actors.knowledge.keys import CONTROL, agenda_key, dropped_key
from shoal.actors.knowledge.plan import AgendaState, Plan, Position
from shoal.actors.knowledge.trigger import Trigger
from shoal.actors.knowledge.usage import Usage
from shoal.blackboard.activation import Activation
from shoal.blackboard.agenda import Agenda, Rating
from shoal.blackboard.entry import encode_value
from shoal.blackboard.operations import Delete, Put, Step
from shoal.blackboard.requests import Status
from shoal.blackboard.termination import Check, Ended, Situation, Verdict
from shoal.blackboard.version import Version

_log = logging.getLogger("shoal.knowledge")
_SAVE_EVERY = 1000
"""Revisions that nobody was woken by, after which the position is kept all the same: else a controller that starts
again might ask for changes that the region has forgotten."""


class Control:
    """One team's state of control."""

    def __init__(self, plan: Plan, position: Position, waiting: Iterable[Activation] = ()) -> None:
        """``waiting``: the agenda as it was kept together with ``position``."""
        self.plan = plan
        self._position = position
        self.nonce = position.nonce
        self.began_at = position.began_at
        self._saved: set[str] = set()
        """Ids of the activations that are on the board."""
        self.cursors = dict(position.cursors)
        self.usage = Usage(plan, position)
        self._dropped: list[Activation] = []
        self._errors: Counter[str] = Counter()
        self._triggers: dict[str, list[Trigger]] = {region: [] for region in plan.regions}
        for source in plan.sources.values():
            for trigger in source.triggers:
                self._triggers[trigger.region].append(trigger)
        self.agenda = Agenda(plan.agenda)
        for one in waiting:
            self._take_up(one)
        self.check: Check | None = None
        self.reading = {region for region in plan.regions if region not in position.cursors}
        """Regions that are to be read anew, or are being so: where a controller dies in that, the next one begins it
        again."""
        self.reading.update(set(position.reading).intersection(plan.regions))
        if plan.until is not None:
            self.check = plan.until.begin(position.began_at)
            if position.condition == str(plan.until):
                self.check.restore(position.check)
            else:
                self.reading.add(plan.region)

    def _take_up(self, one: Activation) -> None:
        self._saved.add(one.id)
        if self.plan.trigger(one.source, one.trigger) is not None:
            self.agenda.restore(one)
        else:
            self.agenda.changed.add(one.id)
            _log.warning(
                "team %s has no %s.%s any more: what waited for it is given up",
                self.plan.team, one.source, one.trigger,
            )  # fmt: skip

    # -- what happens on the board -------------------------------------------------------------------------

    def again(self, region: str) -> None:
        """The region is going to be read anew: entries are ``found``, and those that are new wake their sources."""
        self.reading.add(region)
        if self.check is not None and region == self.plan.region:
            self.check.again()

    def found(self, region: str, version: Version) -> bool:
        """An entry that is there; whether it is one to :meth:`wake` sources by."""
        if self.check is not None and self._counts(region, version):
            self.check.found(version)
        if version.mod_revision <= self.cursors.get(region, 0):
            return False
        return any(trigger.concerns(version.key) for trigger in self._triggers[region])

    def read(self, region: str) -> None:
        """All that was found has woken whom it concerns."""
        self.reading.discard(region)

    def see(self, region: str, version: Version, now: float) -> None:
        """A change."""
        if self.check is not None and self._counts(region, version):
            self.check.see(version, now)
        self.wake(region, version, now)

    def passed(self, region: str, revision: int) -> None:
        """All changes up to a revision were seen."""
        self.cursors[region] = max(revision, self.cursors.get(region, 0))

    def _counts(self, region: str, version: Version) -> bool:
        return region == self.plan.region and not version.key.startswith(CONTROL)

    def wake(self, region: str, version: Version, now: float) -> None:
        """Make eligible whom a change concerns, and withdraw what waits because of an earlier one of the key."""
        for trigger in self._triggers[region]:
            if not trigger.concerns(version.key):
                continue
            activation = self._activation(trigger, version, now)
            replaced: Activation | None = None
            if activation is None:
                if not trigger.declaration.every:
                    replaced = self.agenda.withdraw(trigger.slot(version.key))
            elif self.usage.is_used_up(trigger):
                self._ignore(trigger)
            else:
                replaced = self.agenda.offer(activation)
            if replaced is not None:
                self.usage.count(trigger.source, superseded=1)

    def _ignore(self, trigger: Trigger) -> None:
        self.usage.count(trigger.source, ignored=1)
        if self.usage.sources[trigger.source].ignored == 1:
            _log.warning(
                "team %s: %s.%s was begun %d times, its max_activations: no change wakes it any more",
                self.plan.team, trigger.source, trigger.name, trigger.declaration.max_activations,
            )  # fmt: skip

    def _activation(self, trigger: Trigger, version: Version, now: float) -> Activation | None:
        try:
            return trigger.wake(version, now)
        except Exception as exc:
            self.usage.count(trigger.source, predicate_errors=1)
            self._complain(
                f"{trigger.source}.{trigger.name}: `when` or `priority` raised on {version.key!r} at revision "
                f"{version.mod_revision}, which wakes it not",
                exc,
            )
            return None

    def _complain(self, what: str, exc: Exception) -> None:
        """Log the first error of a kind, the second, the fourth, ...: a flood is counted, not printed."""
        kind = f"{what.partition(':')[0]} {type(exc).__name__}"
        self._errors[kind] += 1
        count = self._errors[kind]
        if count & (count - 1) == 0:
            _log.warning("team %s: %s (%d so far): %r", self.plan.team, what, count, exc)

    # -- what goes next ------------------------------------------------------------------------------------

    def next(self, now: float) -> Activation | None:
        """Begin the activation that goes next; ``None``: none can, now."""
        plan, agenda = self.plan, self.agenda
        if len(agenda.running) >= plan.concurrency or self.usage.is_at_its_end:
            return None
        running = Counter(one.source for one in agenda.running.values())
        ready = []
        for one in agenda.ready(now):
            trigger = plan.trigger(one.source, one.trigger)
            if trigger is not None and self.usage.is_used_up(trigger):
                agenda.remove(one.id)
                self._ignore(trigger)
            elif running[one.source] < plan.sources[one.source].concurrency and self.usage.is_affordable(one):
                ready.append(one)
        chosen = self._choose(ready, now) if ready else None
        if chosen is None:
            return None
        self.usage.begin(chosen)
        return agenda.begin(chosen.id)

    def _choose(self, ready: list[Activation], now: float) -> Activation | None:
        try:
            chosen = self.plan.choose(ready, self.usage.sources, now)
            if chosen is None or any(one is chosen for one in ready):
                return chosen
            raise ValueError(f"it chose {chosen!r}, which is none of those that it was given")
        except Exception as exc:
            self._complain("choose: it raised, and the default is used", exc)
            return Rating()(ready, self.usage.sources, now)

    # -- how activations end -------------------------------------------------------------------------------

    def done(self, id: str) -> None:
        """It was carried out."""
        self.usage.count(self.agenda.end(id).source, done=1)

    def superseded(self, id: str) -> None:
        """What woke it is not so any more."""
        self.usage.count(self.agenda.end(id).source, superseded=1)

    def cut_off(self, id: str) -> None:
        """It was interrupted through no fault of its own."""
        self.agenda.again(id)

    def failed(self, id: str, error: str, now: float, *, again: bool = True) -> None:
        """An attempt failed. After the last one (or unless ``again``) it is dropped, noted and logged."""
        one = self.agenda.running[id]
        trigger = self.plan.trigger(one.source, one.trigger)
        assert trigger is not None  # it was begun
        declaration = trigger.declaration
        attempts = declaration.attempts if again else 1
        dropped = self.agenda.fail(id, error, now, attempts=attempts, backoff_s=declaration.backoff_s)
        self.usage.count(one.source, failed=1)
        if dropped is not None:
            self.usage.count(one.source, dropped=1)
            self._dropped.append(dropped)
            _log.warning(
                "team %s: %s.%s is given up on %r at revision %d after %d attempts: %s",
                self.plan.team, one.source, one.trigger, one.key, one.revision, dropped.failures, error,
            )  # fmt: skip

    # -- the end -------------------------------------------------------------------------------------------

    def verdict(self, statuses: tuple[Status, ...], now: float, *, all_seen: bool = True) -> Verdict | None:
        """Whether it is over: by the team's condition, or because nothing more may be begun.

        ``statuses`` of all regions, where the condition wants them; empty when they are not those of what was seen.
        """
        agenda = self.agenda
        if self.check is not None:
            open_ = len(agenda.waiting) + len(agenda.running) + (not all_seen)
            revision = self.cursors.get(self.plan.region, 0)
            verdict = self.check.verdict(Situation(revision, statuses, open_, self.usage.begun), now)
            if verdict is not None:
                return verdict
        if not agenda.waiting or agenda.running:
            return None
        if self.usage.is_at_its_end:
            return Verdict(
                f"max_activations={self.plan.max_activations}",
                f"{self.usage.begun} activations were begun, no more may be; {len(agenda.waiting)} wait",
            )
        if not any(map(self.usage.is_affordable, agenda.waiting.values())):
            return Verdict(
                f"budget={self.plan.budget:g}",
                f"{self.usage.spent:g} of the budget are spent, and each of the {len(agenda.waiting)} that wait costs "
                "more than what is left",
            )
        return None

    def progress(self, now: float) -> str:
        """How far it is, for whoever waited in vain."""
        agenda = (
            f"{len(self.agenda.waiting)} activations wait, {len(self.agenda.running)} are being carried out"
        )
        return agenda if self.check is None else f"{self.check.progress(now)}; {agenda}"

    def due(self, now: float) -> float | None:
        """When something may be done although nothing happens."""
        times = [self.agenda.due(now), self.check.due() if self.check is not None else None]
        return min((at for at in times if at is not None), default=None)

    # -- what is kept --------------------------------------------------------------------------------------

    @property
    def worth_saving(self) -> bool:
        """Whether there is something to be kept."""
        if self.agenda.changed or self._dropped or sorted(self.reading) != self._position.reading:
            return True
        return any(
            seen - self._position.cursors.get(region, -_SAVE_EVERY) >= _SAVE_EVERY
            for region, seen in self.cursors.items()
        )

    def position(self) -> Position:
        """How far it is."""
        return self._position.model_copy(
            update={
                "cursors": dict(self.cursors),
                "begun": self.usage.begun,
                "spent": self.usage.spent,
                "sources": dict(self.usage.sources),
                "triggers": dict(self.usage.triggers),
                "reading": sorted(self.reading),
                "check": self.check.save() if self.check is not None else None,
                "condition": str(self.plan.until) if self.plan.until is not None else "",
            }
        )

    def steps(self) -> list[Step]:
        """What changed on the agenda since :meth:`saved`, as writes; to be done together with the position."""
        steps: list[Step] = []
        for id in sorted(self.agenda.changed):
            one = self.agenda.waiting.get(id)
            if id in self.agenda.running:
                # As it waited: whoever finds it begins it again, as the same try.
                running = self.agenda.running[id]
                one = running.model_copy(update={"tries": running.tries - 1})
            if one is not None:
                steps.append(Put(agenda_key(self.plan.team, id), encode_value(one)))
            elif id in self._saved:
                steps.append(Delete(agenda_key(self.plan.team, id)))
        steps += [Put(dropped_key(self.plan.team, one.id), encode_value(one)) for one in self._dropped]
        return steps

    def saved(self, position: Position) -> None:
        """They were done."""
        for id in self.agenda.changed:
            (self._saved.add if id in self.agenda else self._saved.discard)(id)
        self.agenda.changed.clear()
        self._dropped.clear()
        self._position = position

    def state(self, ended: Ended | None) -> AgendaState:
        """For whoever looks."""
        return AgendaState(
            revision=self.cursors.get(self.plan.region, 0),
            waiting=tuple(self.agenda.waiting.values()),
            running=tuple(self.agenda.running.values()),
            begun=self.usage.begun,
            spent=self.usage.spent,
            sources=self.usage.sources,
            ended=ended,
        )
