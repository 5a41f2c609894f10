"""What a swarm is to do and where it stops, and where it keeps what it knows on the board. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from pydantic import BaseModel, ValidationError

from shoal.blackboard.termination import Termination
from shoal.runtime.codec import NATIVE
from shoal.runtime.config import describe_invalid
from shoal.topologies.errors import BadSubtasks, NotAccepted
from shoal.topologies.swarming.messages import Published
from shoal.topologies.wiring.signature import Signature

ITEM, FINDING, RECORD, END = "item/", "finding/", "record", "ended"
"""Keys under a task's prefix. ``until`` is about these: ``shoal.CountReached("finding/", 20)``."""
_LONGEST = 200


@dataclass(frozen=True)
class SwarmPlan:
    """See :func:`~.swarm.swarm`."""

    region: str
    seed: Callable[[Any], Sequence[Any]] | None
    until: Termination
    result: Any
    finding: type | None
    name_of: Callable[[Any], str] | None
    priority: Callable[[Any], int] | None
    most_items: int
    items_each: int | None
    failures_each: int | None
    attempts: int
    backoff_s: float
    lease_s: float
    cut: float | None
    monitor: Any
    """A plain function; or the name of the member that is it."""
    monitor_every: int
    keep: bool
    groups: Mapping[int, Signature]
    """What the agents of each group take."""
    grows: bool
    """Whether agents can be added: all are copies of one."""


def home(team: str) -> str:
    """The prefix of a swarm's keys. No other swarm's begins so, also when it is a part of this one."""
    return f"swarm/{team.replace('/', ':')}/"


def tag(group: int) -> str:
    """What an item has that agents of a group can take."""
    return f"group-{group}"


def groups_for(plan: SwarmPlan, item: Any) -> list[int]:
    """Which groups can take an item."""
    return [group for group, signature in plan.groups.items() if signature.takes(type(item))]


def as_item(plan: SwarmPlan, item: Any) -> Any:
    """The item as agents take it: a dict becomes the one model that they accept. Raises :class:`BadSubtasks`."""
    if groups_for(plan, item):
        return item
    kinds = {kind for signature in plan.groups.values() for kind in signature.answers if kind not in NATIVE}
    models = [kind for kind in kinds if issubclass(kind, BaseModel)]
    if isinstance(item, dict) and len(models) == 1:
        try:
            return models[0].model_validate(item)
        except ValidationError as exc:
            raise BadSubtasks(describe_invalid(f"an item, a {models[0].__name__},", exc)) from exc
    raise BadSubtasks(f"an item is a {type(item).__name__}, which no agent of the swarm takes")


def published(plan: SwarmPlan, answer: Any) -> Published:
    """What an agent's answer publishes, checked. Raises :class:`BadSubtasks` and :class:`NotAccepted`."""
    if isinstance(answer, Published):
        made = answer
    elif answer is None:
        made = Published()
    else:
        made = Published(findings=list(answer) if isinstance(answer, list | tuple) else [answer])
    findings = [_as_finding(plan.finding, one) for one in made.findings]
    return Published(findings=findings, items=[as_item(plan, one) for one in made.items], done=made.done)


def _as_finding(kind: type | None, found: Any) -> Any:
    if kind is None or isinstance(found, kind):
        return found
    if isinstance(found, dict) and issubclass(kind, BaseModel):
        try:
            return kind.model_validate(found)
        except ValidationError as exc:
            raise NotAccepted(describe_invalid(f"a finding, a {kind.__name__},", exc)) from exc
    raise NotAccepted(f"a finding is a {type(found).__name__}, and has to be a {kind.__name__}")


def item_name(plan: SwarmPlan, item: Any, parent: str, number: int) -> str:
    """What an item is called in its task. Two that are called the same are one."""
    if plan.name_of is None:
        return f"{parent}.{number}" if parent else str(number)
    name = str(plan.name_of(item))
    if name and len(name.encode(errors="surrogatepass")) <= _LONGEST and name.isprintable():
        return name
    return blake2b(name.encode(errors="surrogatepass"), digest_size=16).hexdigest()
