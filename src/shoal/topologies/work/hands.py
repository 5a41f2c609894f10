"""The workers as an orchestrator has them: who can take a message, and whom the router gives it. Pure."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shoal.runtime.ref import Ref
from shoal.topologies.errors import NoWorker
from shoal.topologies.wiring.signature import Signature
from shoal.topologies.work.routers import Ended, Learner, Router, WorkerView

_log = logging.getLogger("shoal.topologies")


@dataclass(frozen=True)
class Hand:
    """One worker."""

    ref: Ref
    signature: Signature
    view: WorkerView


class Hands:
    """All of them. What it remembers is by worker, never by task."""

    def __init__(self, hands: Mapping[str, Hand], router: Router, fallback: str | None) -> None:
        self._hands = dict(hands)
        self._router = router
        self._learner: Learner | None = router if isinstance(router, Learner) else None
        self._fallback = fallback
        self._fits: dict[tuple[type, str], dict[str, Hand]] = {}
        self._labels = {""}
        for hand in self._hands.values():
            self._labels |= {hand.view.name, *hand.view.capabilities}

    def __getitem__(self, name: str) -> Hand:
        return self._hands[name]

    def kinds(self) -> dict[str, tuple[type, ...]]:
        """The types of messages that can be given away, by name and capability; ``""``: by any."""
        found: dict[str, dict[type, None]] = {label: {} for label in self._labels}
        for hand in self._hands.values():
            for label in ("", hand.view.name, *hand.view.capabilities):
                found[label] |= dict.fromkeys(hand.signature.answers)
        return {label: tuple(kinds) for label, kinds in found.items()}

    def choose(self, message: Any, label: str, gone: Mapping[str, str], unsure: str = "") -> str:
        """The name of the worker that gets a message.

        ``label``: its name, or a capability; empty: any. ``gone``: those that were tried, and why they could not.
        ``unsure``: why nobody can be chosen but the fallback. Raises :class:`NoWorker`.
        """
        fits = {} if unsure else self._able(type(message), label)
        able = {name: hand for name, hand in fits.items() if name not in gone} if gone else fits
        name = self._ask_router(message, [hand.view for hand in able.values()], label) if able else None
        if isinstance(name, str) and name in able:
            return name
        if self._fallback is not None and self._fallback not in gone:
            return self._fallback
        raise self._nobody(type(message), label, gone, unsure, fits, name)

    def check_reachable(self, kind: type, label: str) -> None:
        """Raises :class:`NoWorker` when no worker can take a message of that type under that label."""
        if self._fallback is None and not self._able(kind, label):
            raise self._nobody(kind, label, {}, "", (), None)

    def begin(self, name: str) -> None:
        """A message was given to it."""
        self._hands[name].view.open += 1

    def end(self, message: Any, name: str, ended: Ended | None) -> None:
        """And it ended; ``None``: it was called off."""
        view = self._hands[name].view
        view.open -= 1
        view.done += 1
        view.failed += ended is not None and not ended.ok
        if self._learner is not None and ended is not None:
            try:
                self._learner.learn(message, name, ended)
            except Exception:  # what a router makes of a result must not cost the result
                _log.exception("the router could not learn from a task that %s ended", name)

    def _ask_router(self, message: Any, views: list[WorkerView], label: str) -> Any:
        if self._learner is None:
            return self._router(message, views)
        return self._learner.choose(message, views, label)

    def _able(self, kind: type, label: str) -> dict[str, Hand]:
        if label not in self._labels:
            return {}
        fits = self._fits.get((kind, label))
        if fits is None:
            fits = self._fits[kind, label] = {
                name: hand
                for name, hand in self._hands.items()
                if hand.signature.takes(kind) and (not label or hand.view.has(label))
            }
        return fits

    def _nobody(
        self, kind: type, label: str, gone: Mapping[str, str], unsure: str, fits: Iterable[str], choice: Any
    ) -> NoWorker:
        what = kind.__name__
        if gone:
            return NoWorker(f"no worker is left for {what}: {'; '.join(gone.values())}")
        if unsure:
            why = f"nobody knows what {what} is about: {unsure}"
        elif label and not fits:
            why = f"no worker that accepts {what} is called {label!r} or can do it"
        elif fits:
            chosen = repr(choice) if choice else "nobody"
            why = f"the router chose {chosen} for {what}, which {', '.join(fits)} could take"
        else:
            why = f"no worker accepts {what}"
        return NoWorker(f"{why}; workers are {', '.join(self._hands)}, and there is no fallback")
