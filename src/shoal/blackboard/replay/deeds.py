"""What one version did to its key, in words: put, changed, deleted; and the life of a work item. Pure.

Renewals and keep-alives are not told: they write nothing. That a claim was renewed shows where it was completed later
than its lease lasted.
"""

from __future__ import annotations

from typing import NamedTuple

from shoal.blackboard.store.keys import is_own, lease_of
from shoal.blackboard.version import Item, Value, Version
from shoal.runtime.journal.pages import duration
from shoal.runtime.terminal.data import data_of


class Deed(NamedTuple):
    """What happened to a key."""

    sign: str
    style: str
    words: str
    """``claimed by w0``; empty where the value says all."""
    value: Value | None = None
    """To be shown behind the words."""
    notes: tuple[str, ...] = ()
    """Less important than the words."""
    before: Value | None = None
    """What ``value`` is to be compared with."""


def deed(before: Version | None, after: Version, lease: Version | None = None) -> Deed:
    """What ``after`` did. ``before``: the version that it replaced; ``None``: nothing was there, or it is not kept.

    ``lease``: at its hidden key after that, of :func:`lease_concerned`; ``None``: it ended, or is not kept.
    """
    if (name := lease_of(after.key)) is not None:
        return _of_lease(name, before, after)
    if after.item is not None:
        return _of_item(before, after, after.item)
    if after.value is None:
        return _deletion(before, after, lease)
    notes = _lease_notes(before, after, lease)
    if before is None or before.value is None:
        known = after.version == 1
        return Deed("+", "green", "", after.value, notes if known else (*notes, _UNKNOWN))
    if before.value == after.value:
        return Deed("~", "dim", "put again, the same", after.value, notes)
    return Deed("~", "yellow", "", after.value, notes, before.value)


def lease_concerned(before: Version | None, after: Version) -> str | None:
    """The lease that a version is under, or the one that it is deleted from."""
    return before.lease if after.deleted and before is not None else after.lease


def seconds(time_s: float) -> str:
    """A time span as it was set: ``30 s``, ``0.25 s``, ``2 min``."""
    if time_s >= 120 and time_s % 60 == 0:
        return f"{time_s / 60:g} min"
    return f"{time_s:g} s"


def elapsed(time_s: float) -> str:
    """A time span as it was measured."""
    return f"{max(0.0, time_s) * 1000:.0f} ms" if time_s < 1 else duration(time_s)


def ttl_text(lease: Version | None) -> str:
    """How long a lease lasts, from the version at its hidden key."""
    terms = data_of(lease.value.payload) if lease is not None and lease.value is not None else None
    ttl_s = terms.get("ttl_s") if isinstance(terms, dict) else None
    return seconds(ttl_s) if isinstance(ttl_s, float | int) else "some time"


_UNKNOWN = "what it replaced is not kept"


def _deletion(before: Version | None, after: Version, lease: Version | None) -> Deed:
    if before is not None and before.item is not None:
        words = "deleted" if before.item.state in ("done", "dead") else "withdrawn"
        return Deed("-", "red", f"{words}, {_standing(before.item)}", before.value)
    value = before.value if before is not None else None
    name = before.lease if before is not None else None
    words = "deleted"
    if not after.author:
        words = "its time to live ran out" if name is not None and is_own(name) else "a lease ran out"
    elif name is not None and not is_own(name) and lease is None:
        words = f"deleted: lease {name[:8]} ended"
    return Deed("-", "red", words, value)


def _lease_notes(before: Version | None, after: Version, lease: Version | None) -> tuple[str, ...]:
    name = after.lease
    if name is None:
        return ()
    if is_own(name):
        return (f"for {ttl_text(lease)}",)
    return () if before is not None and before.lease == name else (f"under lease {name[:8]}",)


def _of_lease(name: str, before: Version | None, after: Version) -> Deed:
    words = f"lease {name[:8]}"
    if not after.deleted:
        return Deed("·", "dim", f"{words} granted, of {ttl_text(after)}")
    if after.author:
        return Deed("·", "dim", f"{words} ended")
    return Deed("·", "dim", f"{words} ran out" + (f" (of {ttl_text(before)})" if before is not None else ""))


# -- work items --------------------------------------------------------------------------------------------


def _of_item(before: Version | None, after: Version, item: Item) -> Deed:
    was = before.item if before is not None else None
    if before is None or was is None:
        if after.version == 1:
            return Deed("○", "cyan", "posted", after.value, _terms(item, after.at))
        return Deed("○", "cyan", _standing(item), after.value, (_UNKNOWN,))
    match was.state, item.state:
        case _, "claimed":
            words = f"claimed by {item.holder}"
            return Deed("▶", "yellow", words, None, (_attempt(item), f"for {seconds(item.lease_s)}"))
        case _, "done":
            return _completed(before, was, after, item)
        case "claimed", "open":
            return _back(was, after, item)
        case _, "dead":
            return _dead(was, after, item)
    return Deed("~", "dim", _standing(item), after.value)


def _completed(before: Version, was: Item, after: Version, item: Item) -> Deed:
    took_s = after.at - before.at
    notes: tuple[str, ...] = (f"after {elapsed(took_s)}",)
    if took_s > was.lease_s > 0:
        notes = (*notes, f"its lease of {seconds(was.lease_s)} was renewed meanwhile")
    return Deed("✓", "green", f"completed by {after.author or was.holder}", item.result, notes)


def _back(was: Item, after: Version, item: Item) -> Deed:
    """From claimed to open: given back, failed, or its lease ran out."""
    pause_s = item.not_before - after.at
    when = f"open again in {seconds(round(pause_s, 1))}" if pause_s > 0.05 else "open again"
    if item.attempts < was.attempts:
        return Deed("↩", "cyan", f"given back by {after.author}", None, (when, "no attempt"))
    if not after.author:
        return Deed("↩", "red", f"a lease ran out: {was.holder} had it", None, (_attempt(was), when))
    return Deed("↩", "red", f"failed: {_last_error(item)}", None, (_attempt(was), when))


def _dead(was: Item, after: Version, item: Item) -> Deed:
    if was.state != "claimed":
        return Deed("✗", "red", f"dead: {_last_error(item)}")
    if not after.author:
        return Deed("✗", "red", f"dead: a lease ran out, {was.holder} had it", None, (_last_attempt(was),))
    return Deed("✗", "red", f"dead: {_last_error(item)}", None, (_last_attempt(was),))


def _terms(item: Item, at: float) -> tuple[str, ...]:
    """What is special about an item that is posted."""
    notes = []
    if item.priority:
        notes.append(f"priority {item.priority}")
    if item.tags:
        notes.append(f"tags {', '.join(item.tags)}")
    if item.depends_on:
        notes.append(f"after {', '.join(item.depends_on)}")
    if item.not_before > at:
        notes.append(f"not before {seconds(round(item.not_before - at, 1))} from then")
    if item.max_attempts != Item().max_attempts:
        notes.append(f"{item.max_attempts} attempt{'s' if item.max_attempts != 1 else ''} at most")
    return tuple(notes)


def _attempt(item: Item) -> str:
    return f"attempt {item.attempts} of {item.max_attempts}"


def _last_attempt(item: Item) -> str:
    return (
        _attempt(item) if item.attempts >= item.max_attempts else f"{_attempt(item)}, not to be tried again"
    )


def _last_error(item: Item) -> str:
    return item.errors[-1] if item.errors else "no error was given"


def _standing(item: Item) -> str:
    return f"claimed by {item.holder}" if item.state == "claimed" else item.state
