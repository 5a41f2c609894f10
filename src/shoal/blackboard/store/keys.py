"""Keys of a region, what begins with a prefix, and the hidden keys at which leases are kept.

Keys are ordered by code point, which is the order of their UTF-8 bytes. Users' keys have no control characters, so a
hidden key, which begins with NUL, is in no range of theirs.
"""

from __future__ import annotations

import re
from typing import Final

from shoal.blackboard.errors import InvalidKey
from shoal.blackboard.store.amounts import shown
from shoal.blackboard.store.limits import Limits

FIRST: Final = " "
"""No user's key is below it, and all hidden ones are."""
_LEASE: Final = "\x00lease/"
_OWN: Final = "key:"
OWN_BYTES: Final = len(_OWN)
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")
_LAST: Final = chr(0x10FFFF)


def check_key(key: object, limits: Limits) -> None:
    """Refuse what is no key: a text that is not empty, not too long, encodable, and without control characters.

    Raises :class:`InvalidKey`.
    """
    if key == "":
        raise InvalidKey("a key is not empty", key="")
    check_prefix(key, limits, "a key")


def check_prefix(prefix: object, limits: Limits, what: str = "a prefix") -> None:
    """As :func:`check_key`, but it may be empty."""
    if type(prefix) is str and prefix.isascii() and prefix.isprintable() and len(prefix) <= limits.key_bytes:
        return  # nearly all are like this, and each operation comes by here
    if type(prefix) is not str:
        raise InvalidKey(f"{what} is a text, not {shown(prefix)}", key=shown(prefix))
    fault = ""
    if len(prefix) > limits.key_bytes:
        fault = f"is {len(prefix):,} characters long; the limit is {limits.key_bytes:,} bytes"
    elif _CONTROL.search(prefix):
        fault = "has control characters"
    else:
        try:
            size = len(prefix.encode())
        except UnicodeEncodeError:
            fault = "cannot be written as UTF-8"
        else:
            if size > limits.key_bytes:
                fault = f"is {size:,} bytes long; the limit is {limits.key_bytes:,}"
    if fault:
        raise InvalidKey(f"{what} {fault}: {shown(prefix)}", key=shown(prefix))


def prefix_end(prefix: str) -> str | None:
    """The least text above all that begin with ``prefix``; ``None``: there is none."""
    prefix = prefix.rstrip(_LAST)
    return prefix[:-1] + chr(ord(prefix[-1]) + 1) if prefix else None


def hidden(key: str) -> bool:
    """Whether users do not see this key."""
    return key < FIRST


def lease_key(lease: str) -> str:
    """The hidden key of a lease."""
    return _LEASE + lease


def lease_of(key: str) -> str | None:
    """The lease whose hidden key it is; ``None``: it is none."""
    return key[len(_LEASE) :] if key.startswith(_LEASE) else None


def own_lease(key: str) -> str:
    """The id of the lease of a key that was put with a time to live."""
    return _OWN + key


def is_own(lease: str) -> bool:
    """Whether an id is that of one key's own lease; users cannot grant those."""
    return lease.startswith(_OWN)
