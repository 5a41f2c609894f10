"""Where a hand-over leads, and when there were too many. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shoal.topologies.errors import HandoffLoop, HandoverRefused
from shoal.topologies.transfers.transfer import Passed, Transfer

_SHOWN = 200
_REASONS = 10


@dataclass(frozen=True)
class TransferRules:
    """Of one team."""

    agents: tuple[str, ...]
    default: str | None
    allowed: Mapping[str, tuple[str, ...]] | None
    """Who may hand over to whom; ``None``: all to all."""
    most_transfers: int
    most_bounces: int
    requires: tuple[str, ...]
    """Fields of a transfer that must say something."""

    def targets(self, by: str) -> tuple[str, ...]:
        """To whom an agent may hand over."""
        return self.agents if self.allowed is None else self.allowed.get(by, ())


def next_step(rules: TransferRules, by: str, transfer: Transfer, path: Sequence[Passed]) -> Passed:
    """Where a task goes that ``by`` hands over, after the hand-overs of ``path``.

    To whom it names; to the default agent where that is nobody it may go to, and once where it went too often. Raises
    :class:`HandoverRefused` and :class:`HandoffLoop`.
    """
    _check_fields(rules, by, transfer)
    if any(one.last for one in path):
        raise _loop("the default agent was the last that it could go to", by, transfer, path)
    step = _named(rules, by, transfer)
    limit = _over(rules, [*path, step])
    if not limit:
        return step
    if rules.default is None or rules.default == by:
        raise _loop(limit, by, transfer, path)
    return Passed(by=by, to=rules.default, reason=transfer.reason, note=limit, last=True)


def bounces(path: Sequence[Passed]) -> int:
    """How often a task went straight back to whom it came from, or to who had it."""
    count = 0
    for at, step in enumerate(path):
        back = at > 0 and path[at - 1].by == step.to
        count += back or step.by == step.to
    return count


def reached(start: str, follows: Mapping[str, Sequence[str]]) -> set[str]:
    """The agents that a task can come to."""
    found, open_ = {start}, [start]
    while open_:
        for name in follows.get(open_.pop(), ()):
            if name not in found:
                found.add(name)
                open_.append(name)
    return found


def _check_fields(rules: TransferRules, by: str, transfer: Transfer) -> None:
    for field in rules.requires:
        value = getattr(transfer, field, None)
        if value is None or (isinstance(value, str) and not value.strip()) or value in ((), [], {}):
            raise HandoverRefused(
                f"{by!r} hands the task over to {transfer.to!r} without {field}, which is required here",
                by=by,
                to=transfer.to,
                known=list(rules.targets(by)),
            )


def _named(rules: TransferRules, by: str, transfer: Transfer) -> Passed:
    targets = rules.targets(by)
    if transfer.to in targets or (transfer.to == rules.default and by != rules.default):
        return Passed(by=by, to=transfer.to, reason=transfer.reason)
    why = f"{by!r} may not hand over to {transfer.to!r}" if transfer.to in rules.agents else (
        f"{by!r} hands over to {transfer.to!r}, and nobody is called so"
    )  # fmt: skip
    if rules.default is None or rules.default == by:
        known = ", ".join(targets) or "nobody"
        raise HandoverRefused(f"{why}; it can go to {known}", by=by, to=transfer.to, known=list(targets))
    return Passed(by=by, to=rules.default, reason=transfer.reason, note=why)


def _over(rules: TransferRules, path: Sequence[Passed]) -> str:
    if len(path) > rules.most_transfers:
        return f"more than {rules.most_transfers} transfers"
    if bounces(path) > rules.most_bounces:
        return f"more than {rules.most_bounces} times back and forth"
    return ""


def _loop(why: str, by: str, transfer: Transfer, path: Sequence[Passed]) -> HandoffLoop:
    names = [*(one.by for one in path), by, transfer.to]
    return HandoffLoop(
        f"the task was handed over too often ({why}): {' -> '.join(names)}; the last said: {transfer.reason[:_SHOWN]}",
        path=names,
        reasons=[reason[:_SHOWN] for reason in [*(one.reason for one in path), transfer.reason][-_REASONS:]],
    )
