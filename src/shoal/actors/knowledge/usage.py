"""What a team of knowledge sources has used up, what its limits leave, and what each source did. Pure."""

from __future__ import annotations

from collections import Counter

from shoal.actors.knowledge.plan import Plan, Position
from shoal.actors.knowledge.trigger import Trigger
from shoal.blackboard.activation import Activation
from shoal.blackboard.agenda import SourceStatistics


class Usage:
    """The figures of one team."""

    def __init__(self, plan: Plan, position: Position) -> None:
        self._plan = plan
        self.begun = position.begun
        self.spent = position.spent
        self.sources = dict(position.sources)
        self.triggers: Counter[str] = Counter(position.triggers)
        """Activations that were begun, by trigger."""

    def count(self, source: str, **counts: float) -> None:
        """Something happened to a source; see :class:`SourceStatistics`."""
        self.sources[source] = self.sources.get(source, SourceStatistics()).adding(**counts)

    def begin(self, one: Activation) -> None:
        """One is begun."""
        self.begun += 1
        self.spent += one.cost
        self.triggers[f"{one.source}.{one.trigger}"] += 1
        self.count(one.source, begun=1, spent=one.cost)
        self.sources[one.source] = self.sources[one.source].model_copy(update={"last_begun": self.begun})

    @property
    def is_at_its_end(self) -> bool:
        """Whether the team may begin no more, whatever it is."""
        return self._plan.max_activations is not None and self.begun >= self._plan.max_activations

    def is_used_up(self, trigger: Trigger) -> bool:
        """Whether a trigger may wake its source no more."""
        most = trigger.declaration.max_activations
        return most is not None and self.triggers[f"{trigger.source}.{trigger.name}"] >= most

    def is_affordable(self, one: Activation) -> bool:
        """Whether the budget is enough for one more."""
        return self._plan.budget is None or self.spent + one.cost <= self._plan.budget
