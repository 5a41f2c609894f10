"""Pipeline: each message goes through the stages in order; items do not wait for one another (no barrier).

Failure modes and what is done about them: a stage that cannot take what the one before returns → refused
before anything is started, as far as the types are declared; bad output that cascades → ``gates``: a check
after a stage, whose refusal ends that item with an error that names the stage.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from shoal.runtime.context import Context
from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import Ref
from shoal.topologies.errors import GateRejected
from shoal.topologies.front import Front
from shoal.topologies.graph_data import Link
from shoal.topologies.signature import Kinds, Signature, type_names
from shoal.topologies.wiring import Topology

Gate = Callable[[Any], Any]
"""Takes a stage's answer; raises, or returns ``False``, when it must go no further. May be async."""


class Conductor(Front):
    """Takes each item through the stages."""

    def __init__(self, stages: dict[str, Ref], gates: dict[str, Gate]) -> None:
        self._stages = stages
        self._gates = gates

    async def lead(self, message: Any, ctx: Context) -> Any:
        """One item, stage by stage."""
        for name, stage in self._stages.items():
            message = await self.ask(stage, message, ctx)
            if name in self._gates:
                await _pass(self._gates[name], name, message)
        return message


async def _pass(gate: Gate, stage: str, answer: Any) -> None:
    try:
        verdict = gate(answer)
        if inspect.isawaitable(verdict):
            verdict = await verdict
    except Exception as exc:
        raise GateRejected(f"the gate after stage {stage!r} refused: {type(exc).__name__}: {exc}") from exc
    if verdict is False:
        raise GateRejected(f"the gate after stage {stage!r} refused the answer, a {type(answer).__name__}")


class Pipeline(Topology):
    """See :func:`pipeline`."""

    pattern = "pipeline"

    def __init__(self, stages: dict[str, Any], gates: dict[str, Gate]) -> None:
        super().__init__(stages)
        self._gates = gates

    def validate(self) -> None:
        """Members, gates, and that each stage takes what the one before returns."""
        super().validate()
        for name, gate in self._gates.items():
            if name not in self.members:
                stages = ", ".join(self.members)
                raise ConfigError(f"pipeline: gate {name!r} belongs to no stage; stages are {stages}")
            if not callable(gate):
                raise ConfigError(
                    f"pipeline: gate {name!r} is {gate!r}, not a callable that raises on bad output"
                )
        flowing: Kinds = None
        for name, following in pairwise(self.members):
            flowing = self.signature_of(name).answers_to(flowing)
            accepted = self.signature_of(following)
            for kind in flowing or ():
                if not accepted.takes(kind):
                    raise ConfigError(
                        f"pipeline: stage {name!r} returns {type_names((kind,))}, which stage {following!r} "
                        f"does not accept (it accepts {type_names(accepted.accepts)})"
                    )

    def signature(self) -> Signature:
        """What the first stage accepts, and what becomes of it in the last."""
        first, *rest = (self.signature_of(stage) for stage in self.members)
        answers = dict(first.answers)
        for stage in rest:
            answers = {kind: stage.answers_to(flowing) for kind, flowing in answers.items()}
        return Signature(answers)

    def links(self) -> list[Link]:
        """Through the stages in order, and back."""
        stops = ["", *self.members, ""]
        return [Link(one, following) for one, following in pairwise(stops)]

    def front(self, refs: dict[str, Ref]) -> Front:
        """The conductor."""
        return Conductor(refs, self._gates)


def pipeline(*stages: Any, gates: Mapping[str, Gate] | None = None, **named: Any) -> Pipeline:
    """Stages in order: agents or topologies, positional (named ``1``, ``2``, ...) or by keyword.

    ``gates``: by stage name, a check of the stage's answer. When it raises or returns ``False``, that item
    ends.
    """
    members = {str(index): stage for index, stage in enumerate(stages, 1)}
    for name in named:
        if name in members:
            raise ConfigError(f"pipeline: two stages are called {name!r}")
    return Pipeline(members | named, dict(gates or {}))
