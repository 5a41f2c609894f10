"""The states of a work item, one from another::

    open ──claim──▶ claimed ──complete──▶ done
      ▲                │ fail, give back, time over
      ├────────────────┤
      │                └──last attempt, or not to be tried again──▶ dead
      └── what it depends on will not be done ─────────────────────▶ dead

Each is a whole new item: ``_replace`` takes three times as long, and a claim makes two of them.
"""

from __future__ import annotations

from typing import Final

from shoal.blackboard.version import Item, State, Value

ERRORS_KEPT: Final = 10
LONGEST_BACKOFF_S: Final = 60.0


def claimed(item: Item, token: int, holder: str, lease_s: float) -> Item:
    """Somebody has it: one more attempt."""
    return Item(
        "claimed",
        item.priority,
        item.tags,
        item.not_before,
        item.depends_on,
        item.max_attempts,
        item.backoff_s,
        item.attempts + 1,
        token,
        holder,
        lease_s,
        item.errors,
    )


def done(item: Item, result: Value | None) -> Item:
    """It is done; the token that completed it stays with it."""
    return _released(item, "done", item.not_before, item.attempts, item.errors, result)


def given_back(item: Item, not_before: float) -> Item:
    """On the board again; this was no attempt."""
    return _released(item, "open", not_before, item.attempts - 1, item.errors)


def failed(item: Item, error: str, now: float) -> Item:
    """On the board again after a pause that doubles with each attempt; or dead after the last one."""
    if item.attempts >= item.max_attempts:
        return dead(item, error)
    pause = min(item.backoff_s * 2.0 ** min(item.attempts - 1, 64), LONGEST_BACKOFF_S)
    return _released(item, "open", now + pause, item.attempts, _with(item.errors, error))


def dead(item: Item, error: str) -> Item:
    """It will not be tried again."""
    return _released(item, "dead", item.not_before, item.attempts, _with(item.errors, error))


def _with(errors: tuple[str, ...], error: str) -> tuple[str, ...]:
    return (*errors, error)[-ERRORS_KEPT:]


def _released(
    item: Item,
    state: State,
    not_before: float,
    attempts: int,
    errors: tuple[str, ...],
    result: Value | None = None,
) -> Item:
    return Item(
        state,
        item.priority,
        item.tags,
        not_before,
        item.depends_on,
        item.max_attempts,
        item.backoff_s,
        attempts,
        item.token,
        None,
        0.0,
        errors,
        result,
    )
