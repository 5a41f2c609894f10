"""Reading: one key, a range of them, a key's history, and what differs between two revisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import nlargest, nsmallest
from itertools import chain, islice
from operator import attrgetter
from typing import Final

from shoal.blackboard.errors import InvalidOperation
from shoal.blackboard.operations import Diff, Get, History, Range
from shoal.blackboard.results import Difference, Differences, Found, Page
from shoal.blackboard.store.draft import Draft
from shoal.blackboard.store.keys import hidden
from shoal.blackboard.store.limits import Limits
from shoal.blackboard.version import Version

_OVERHEAD: Final = 150
"""Bytes of a version beside its texts and payloads, about."""


def get(draft: Draft, get: Get) -> Found:
    """What is at a key, or was at a revision."""
    if get.revision is None:
        return Found(draft.seen, draft.newest(get.key))
    versions = draft.region.versions
    versions.check_readable(get.revision)
    return Found(get.revision, versions.at(get.key, get.revision))


def range_(draft: Draft, range_: Range) -> Page:
    """The entries of a range, or those it had at a revision."""
    revision = range_.revision
    if revision is not None:
        draft.region.versions.check_readable(revision)
    limits = draft.region.limits
    limit = min(range_.limit or limits.page, limits.page)
    found = _entries(draft, range_)
    if range_.order != "key":
        choose = nlargest if range_.descending else nsmallest
        found = iter(choose(limit + 1, found, key=attrgetter(range_.order, "key")))
    return _page(draft.seen if revision is None else revision, found, limit, limits)


def _entries(draft: Draft, range_: Range) -> Iterator[Version]:
    prefix, after, revision = range_.prefix, range_.after, range_.revision
    descending = range_.descending and range_.order == "key"
    versions = draft.region.versions
    if revision is None:
        for key in draft.keys(prefix, after, descending=descending):
            if (version := draft.newest(key)) is not None:
                yield version
    else:
        for key in versions.keys(prefix, after, descending=descending, gone=True):
            if (version := versions.at(key, revision)) is not None:
                yield version


def history(draft: Draft, history: History) -> Page:
    """The versions of a key that are kept."""
    limits = draft.region.limits
    kept = draft.region.versions.history(history.key, history.since)
    return _page(draft.seen, kept, min(history.limit or limits.page, limits.page), limits)


def diff(draft: Draft, diff: Diff) -> Differences:
    """The keys with another version at one revision than at the other. Costs as much as was written in between."""
    versions, limits = draft.region.versions, draft.region.limits
    versions.check_readable(diff.before)
    versions.check_readable(diff.after)
    commits = versions.log.between(*sorted((diff.before, diff.after)))
    changed = {
        v.key for v in chain.from_iterable(commits) if v.key.startswith(diff.prefix) and not hidden(v.key)
    }
    found: list[Difference] = []
    size = 0
    for key in sorted(changed):
        before, after = versions.at(key, diff.before), versions.at(key, diff.after)
        if before is not after:
            found.append(Difference(key, before, after))
            size += (size_of(before) if before else 0) + (size_of(after) if after else 0)
            if len(found) > limits.page or size > limits.page_bytes:
                raise InvalidOperation(
                    f"more than {len(found) - 1:,} keys differ between {diff.before} and {diff.after}, too many for "
                    "one answer: ask by narrower prefixes"
                )
    return Differences(tuple(found))


def size_of(version: Version) -> int:
    """Bytes that a version takes in an answer, about."""
    size = _OVERHEAD + len(version.key) + (len(version.value.payload) if version.value else 0)
    item = version.item
    if item is not None:
        size += sum(map(len, chain(item.tags, item.depends_on, item.errors)))
        size += len(item.result.payload) if item.result else 0
    return size


def _page(revision: int, versions: Iterable[Version], limit: int, limits: Limits) -> Page:
    found: list[Version] = []
    size = 0
    for version in islice(versions, limit + 1):
        size += size_of(version)
        if len(found) == limit or (found and size > limits.page_bytes):
            return Page(revision, tuple(found), True)
        found.append(version)
    return Page(revision, tuple(found))
