"""The steps of a transaction and what they answer, in the words of the client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from shoal.blackboard.claiming import HeldItem
from shoal.blackboard.entry import Entries, Entry, decode_value, encode_value, entry_from, written_entry
from shoal.blackboard.errors import InvalidOperation
from shoal.blackboard.leasing import Lease
from shoal.blackboard.operations import Complete, Delete, DeletePrefix, Get, Post, Put, Range, Transaction
from shoal.blackboard.operations import Step as Operation
from shoal.blackboard.results import Decided, Found, Page, Written


class Completing(NamedTuple):
    """The completion of an item that is held: its block then has nothing left to complete."""

    complete: Complete
    item: HeldItem[Any]


Step = Operation | Completing
"""What ``then`` and ``otherwise`` are made of; comes from :class:`Do`."""
Answer = Entry[Any] | Entries[Any] | int | None
"""Of a put, post, get: the entry; of a range: entries; of a delete: how many keys; else nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a transaction did."""

    succeeded: bool
    """Whether its conditions held: ``then`` was done, not ``otherwise``."""
    revision: int
    answers: list[Answer]
    """One a step."""

    def __bool__(self) -> bool:
        return self.succeeded


class Do:
    """The steps a transaction can do."""

    @staticmethod
    def put(key: str, value: Any, *, lease: Lease | None = None, ttl_s: float | None = None) -> Step:
        """Set a key."""
        ttl_s = None if ttl_s is None else float(ttl_s)
        return Put(key, encode_value(value), None, None if lease is None else lease.id, ttl_s)

    @staticmethod
    def delete(key: str) -> Step:
        """Delete a key."""
        return Delete(key)

    @staticmethod
    def delete_prefix(prefix: str) -> Step:
        """Delete all keys under a prefix."""
        return DeletePrefix(prefix)

    @staticmethod
    def get(key: str) -> Step:
        """Read a key, as the steps before left it."""
        return Get(key)

    @staticmethod
    def range(prefix: str, *, limit: int = 0) -> Step:
        """Read all keys under a prefix."""
        return Range(prefix, limit=limit)

    @staticmethod
    def post(
        key: str,
        value: Any,
        *,
        priority: int = 0,
        tags: Iterable[str] = (),
        delay_s: float = 0.0,
        max_attempts: int = 3,
        depends_on: Iterable[str] = (),
        backoff_s: float = 1.0,
    ) -> Step:
        """Post a work item; it may depend on one that an earlier step posts."""
        return posting(key, value, priority, tags, delay_s, max_attempts, depends_on, backoff_s)

    @staticmethod
    def complete(item: HeldItem[Any], result: Any = None) -> Step:
        """Complete an item that is held: what follows from it can be posted at the same revision."""
        return Completing(
            Complete(item.key, item.token, None if result is None else encode_value(result)), item
        )


def step_from(step: Step) -> Operation:
    """The step itself. Raises :class:`InvalidOperation` for anything else."""
    if isinstance(step, Completing):
        return step.complete
    if not isinstance(step, Operation):
        raise InvalidOperation(f"{step!r} is no step of a transaction: use shoal.blackboard.Do")
    return step


def posting(
    key: str,
    value: Any,
    priority: int,
    tags: Iterable[str],
    delay_s: float,
    max_attempts: int,
    depends_on: Iterable[str],
    backoff_s: float,
) -> Post:
    """The operation that posts a work item, on its own or as a step."""
    return Post(
        key, encode_value(value), priority, texts_of(tags), seconds_of(delay_s), max_attempts, texts_of(depends_on),
        seconds_of(backoff_s),
    )  # fmt: skip


def seconds_of(seconds: float) -> float:
    """A duration as operations have it."""
    return float(seconds) if type(seconds) is int else seconds


def texts_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Texts as operations have them; one alone is meant as such, not as its letters."""
    return (texts,) if isinstance(texts, str) else tuple(texts)


def outcome_from(transaction: Transaction, decided: Decided) -> Outcome:
    """What the board's answer means."""
    steps = transaction.then if decided.succeeded else transaction.otherwise
    answers = [_answer(step, result) for step, result in zip(steps, decided.results, strict=True)]
    return Outcome(decided.succeeded, decided.revision, answers)


def _answer(step: Operation, result: Written | Found | Page) -> Answer:
    match result:
        case Page(revision, versions, more):
            return Entries([entry_from(version) for version in versions], revision, more)
        case Written(_, None, deleted):
            return deleted
        case Written() if isinstance(step, Put | Post):
            return written_entry(result, decode_value(step.value))
        case Found(_, version) | Written(_, version, _):
            return None if version is None else entry_from(version)
