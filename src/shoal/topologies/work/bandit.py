"""Bandit: a router that learns which worker does best, from how the messages ended that it placed. Pure.

Two well-known algorithms. Thompson sampling: each worker's chance to do well is a Beta distribution over what was seen
(W. R. Thompson, Biometrika 25, 1933; for rewards between 0 and 1, S. Agrawal and N. Goyal, Analysis of Thompson
Sampling for the Multi-armed Bandit Problem, COLT 2012; here a reward of r counts r as a success and 1 - r as a failure,
where they toss a coin). UCB1: the mean plus ``sqrt(2 ln n / n_j)`` (P. Auer, N. Cesa-Bianchi and P. Fischer,
Finite-time Analysis of the Multiarmed Bandit Problem, Machine Learning 47, 2002); tasks that are open count as tries
with the mean, so that many at once do not all go to the worker that is least known.
"""

from __future__ import annotations

import math
import random
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from shoal.runtime.errors import ConfigError
from shoal.topologies.work.routers import Ended, WorkerView

MOST_CONTEXTS = 1000
"""For so many contexts it remembers; then the one that was not seen for longest is forgotten."""


@dataclass(slots=True)
class Arm:
    """What is known of one worker in one context."""

    tries: int = 0
    reward: float = 0.0
    """The sum of rewards, each between 0 and 1."""

    @property
    def mean(self) -> float:
        """The mean reward; 0.5 before there is one."""
        return self.reward / self.tries if self.tries else 0.5


class Bandit:
    """Learns which worker does best, separately for each label (what ``classify`` or a subtask says) and context.

    ``algorithm``: ``"thompson"`` or ``"ucb1"``. ``context``: a field of the message, or a function of it, that says
    what kind of task it is; ``None``: all are one kind. ``score``: ``(message, answer) -> 0..1``, how good an answer
    was; without it an answer is worth 1. A failure is worth 0. ``slow_s``: an answer that took so long is worth half, a
    quicker one more; waiting for a busy worker counts. ``seed``: of its random numbers: the same outcomes in the same
    order give the same choices.

    What it knows is its orchestrator's own: several orchestrators learn each for itself, and one that is started again
    after its process died begins anew. Raises :class:`ConfigError` for what cannot be.
    """

    def __init__(
        self,
        algorithm: Literal["thompson", "ucb1"] = "thompson",
        *,
        context: str | Callable[[Any], str] | None = None,
        score: Callable[[Any, Any], float] | None = None,
        slow_s: float | None = None,
        seed: int = 0,
    ) -> None:
        if algorithm not in ("thompson", "ucb1"):
            raise ConfigError(f"Bandit: algorithm is {algorithm!r}; it is 'thompson' or 'ucb1'")
        if context is not None and not isinstance(context, str) and not callable(context):
            raise ConfigError(f"Bandit: context {context!r} is neither a field nor a function of the message")
        if score is not None and not callable(score):
            raise ConfigError(f"Bandit: score {score!r} is no function of message and answer")
        if slow_s is not None and slow_s <= 0:
            raise ConfigError(f"Bandit: slow_s is {slow_s}; give seconds above 0, or None")
        self._algorithm = algorithm
        self._context = context
        self._score = score
        self._slow_s = slow_s
        self._random = random.Random(seed)
        self._known: OrderedDict[tuple[str, str], dict[str, Arm]] = OrderedDict()

    def __call__(self, message: Any, workers: Sequence[WorkerView]) -> str:
        """Choose for a message without a label."""
        return self.choose(message, workers, "")

    def choose(self, message: Any, workers: Sequence[WorkerView], label: str) -> str:
        """Choose."""
        arms = self._known.get((label, self._context_of(message)), {})
        if self._algorithm == "ucb1":
            return self._by_bound(workers, arms)
        return max(workers, key=lambda worker: self._draw(arms.get(worker.name))).name

    def learn(self, message: Any, name: str, outcome: Ended) -> None:
        """One message has ended."""
        reward = self.reward(message, outcome)
        context = outcome.label, self._context_of(message)
        arms = self._known.setdefault(context, {})
        self._known.move_to_end(context)
        if len(self._known) > MOST_CONTEXTS:
            self._known.popitem(last=False)
        arm = arms.setdefault(name, Arm())
        arm.tries += 1
        arm.reward += reward

    def reward(self, message: Any, outcome: Ended) -> float:
        """What an outcome is worth, from 0 to 1. Raises what ``score`` raises."""
        if not outcome.ok:
            return 0.0
        worth = 1.0 if self._score is None else float(self._score(message, outcome.answer))
        worth = min(1.0, max(0.0, worth)) if worth == worth else 0.0
        return worth if self._slow_s is None else worth * self._slow_s / (self._slow_s + outcome.took_s)

    def known(self, context: str = "", label: str = "") -> dict[str, Arm]:
        """What it knows of each worker that was tried, in one context. For people who look."""
        return dict(self._known.get((label, context), {}))

    def _context_of(self, message: Any) -> str:
        context = self._context
        if context is None:
            return ""
        if callable(context):
            return str(context(message))
        found = message.get(context, "") if isinstance(message, dict) else getattr(message, context, "")
        return str(found)

    def _draw(self, arm: Arm | None) -> float:
        if arm is None:
            return self._random.betavariate(1.0, 1.0)
        return self._random.betavariate(1.0 + arm.reward, 1.0 + arm.tries - arm.reward)

    @staticmethod
    def _by_bound(workers: Sequence[WorkerView], arms: dict[str, Arm]) -> str:
        tried = {worker.name: arms.get(worker.name) or Arm() for worker in workers}
        untried = [worker for worker in workers if not tried[worker.name].tries]
        if untried:
            return min(untried, key=lambda worker: worker.open).name
        counts = {worker.name: tried[worker.name].tries + worker.open for worker in workers}
        whole = 2.0 * math.log(sum(counts.values()))
        return max(
            workers, key=lambda worker: tried[worker.name].mean + math.sqrt(whole / counts[worker.name])
        ).name
