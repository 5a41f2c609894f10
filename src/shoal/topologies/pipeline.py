"""Pipeline: each message goes through the stages in order. Items do not wait for one another: there is no barrier.

Failure modes and what is done about them: a stage that cannot take what the one before returns → refused before
anything is started, as far as the types are declared; bad output that cascades → ``gates``: a check after a stage
that raises ends that item with a typed error naming the stage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shoal.runtime.context import Context
from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import Ref
from shoal.topologies.member import Signature, returns_for, signature_of, type_names
from shoal.topologies.wiring import Front, Topology

Gate = Callable[[Any], None]


class Conductor(Front):
    """Takes each item through the stages."""

    def __init__(self, signature: Signature, stages: dict[str, Ref], gates: dict[str, Gate], models: Any) -> None:
        super().__init__(signature)
        self._stages = stages
        self._gates = gates
        self._models = models  # shipped so that this process has loaded what passes between the stages

    async def lead(self, message: Any, ctx: Context) -> Any:
        """One item, stage by stage."""
        for name, stage in self._stages.items():
            message = await ctx.ask(stage, message)
            gate = self._gates.get(name)
            if gate is not None:
                gate(message)
        return message


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
                raise ConfigError(f"pipeline: gate {name!r} belongs to no stage; stages are {', '.join(self.members)}")
            if not callable(gate):
                raise ConfigError(f"pipeline: gate {name!r} is {gate!r}, not a callable that raises on bad output")
        names = list(self.members)
        flowing = signature_of(self.members[names[0]]).accepts
        for name, following in zip(names, names[1:], strict=False):
            flowing = self._check_seam(name, following, flowing)

    def _check_seam(self, name: str, following: str, flowing: tuple[type, ...] | None) -> tuple[type, ...] | None:
        member = self.members[name]
        if flowing is None:
            returned = signature_of(member).returns
        else:
            parts = [returns_for(member, kind) for kind in flowing]
            returned = None if any(p is None for p in parts) else tuple({k: None for p in parts for k in p or ()})
        accepted = signature_of(self.members[following])
        for kind in returned or ():
            if not accepted.takes(kind):
                raise ConfigError(
                    f"pipeline: stage {name!r} returns {kind.__name__}, which stage {following!r} does not accept "
                    f"(it accepts {type_names(accepted.accepts)})"
                )
        return returned

    def signature(self) -> Signature:
        """What the first stage accepts, what the last returns."""
        stages = list(self.members.values())
        return Signature(signature_of(stages[0]).accepts, signature_of(stages[-1]).returns)

    def front(self, refs: dict[str, Ref]) -> Front:
        """The conductor."""
        stages = {name: refs.get(name, Ref(name)) for name in self.members}
        return Conductor(self.signature(), stages, self._gates, [signature_of(m) for m in self.members.values()])


def pipeline(*stages: Any, gates: Mapping[str, Gate] | None = None, **named: Any) -> Pipeline:
    """Stages in order: agents or topologies, positional (named ``1``, ``2``, ...) or by keyword.

    ``gates``: by stage name, a check of the stage's answer; what it raises ends that item.
    """
    members = {str(index): stage for index, stage in enumerate(stages, 1)} | named
    return Pipeline(members, dict(gates or {}))
