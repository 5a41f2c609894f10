"""Fields that several operations have, checked for their type and bounds: they come over the network."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from shoal.blackboard.errors import InvalidKey, InvalidOperation, ValueRefused
from shoal.blackboard.store.amounts import check_whole, shown
from shoal.blackboard.store.keys import OWN_BYTES, check_key, is_own
from shoal.blackboard.store.limits import Limits
from shoal.blackboard.version import Value

_LONGEST_TAG: Final = 1024


def check_value(value: object, limits: Limits) -> None:
    """Refuse what is no encoded value, or one over the limit. Raises :class:`ValueRefused`."""
    if type(value) is not Value or type(value.tag) is not str or type(value.payload) is not bytes:
        raise ValueRefused(f"no encoded value: {shown(value)}")
    if len(value.payload) > limits.value_bytes:
        raise ValueRefused(f"the value is {len(value.payload):,} bytes; the limit is {limits.value_bytes:,}")
    if not 0 < len(value.tag) <= _LONGEST_TAG or not (value.tag.isascii() or _is_encodable(value.tag)):
        raise ValueRefused(f"no tag of a message type: {shown(value.tag)}")


def check_lease(lease: object, limits: Limits) -> None:
    """Refuse what cannot be a lease's id. Raises :class:`InvalidOperation`."""
    if type(lease) is not str:
        raise InvalidOperation(f"a lease's id is a text, not {shown(lease)}")
    if is_own(lease):
        limits = limits._replace(key_bytes=limits.key_bytes + OWN_BYTES)
    try:
        check_key(lease, limits)
    except InvalidKey as exc:
        raise InvalidOperation(f"no id of a lease: {exc}") from exc


def check_revision(revision: object) -> None:
    """Refuse what is neither ``None`` nor a whole number from 0. Raises :class:`InvalidOperation`."""
    if revision is not None:
        check_whole(revision, "a revision")


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_sequence(value: object, what: str, most: int) -> None:
    """Refuse what is no sequence, or too long a one. Raises :class:`InvalidOperation`."""
    if type(value) is not tuple and type(value) is not list:
        raise InvalidOperation(f"{what} come as a sequence, not {shown(value)}")
    if len(value) > most:
        raise InvalidOperation(f"{len(value):,} {what}; the limit is {most:,}")


def check_tags(tags: Any, limits: Limits) -> None:
    """Refuse what are no tags. Raises :class:`InvalidOperation`."""
    check_sequence(tags, "tags", limits.tags)
    for tag in tags:
        if type(tag) is not str or not tag or len(tag) > limits.key_bytes or not _is_encodable(tag):
            raise InvalidOperation(f"a tag is a text that is not empty, not {shown(tag)}")


def check_choice(value: object, what: str, choices: Collection[str]) -> None:
    """Refuse what is none of some texts. Raises :class:`InvalidOperation`."""
    if type(value) is not str or value not in choices:
        raise InvalidOperation(f"{what} is one of {', '.join(choices)}, not {shown(value)}")


def check_flag(value: object, what: str) -> None:
    """Refuse what is no bool. Raises :class:`InvalidOperation`."""
    if type(value) is not bool:
        raise InvalidOperation(f"{what} is a bool, not {shown(value)}")
