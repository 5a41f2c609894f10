"""Whether variables of the environment hold what they held in a run before, without writing down what that is. Pure.

A value may be a secret, so that a run keeps only its hash, keyed with a salt of the run's own: the same value looks
different in each run.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from pydantic import BaseModel, ConfigDict

from shoal.experiments.file.environment import variables_in
from shoal.experiments.file.places import Path, dotted
from shoal.runtime.secret_fields import redact_field

_SECRET = "a1" * 16
"""A value with the shape of a secret: whether a name hides it is asked of the name alone."""


class Variables(BaseModel):
    """What variables held, told only to whoever holds the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    salt: str = ""
    """In hexadecimal digits; empty: of no variable anything is known."""
    hashes: dict[str, str] = {}
    """By the variable's name."""

    def with_more(self, names: Iterable[str], held: Mapping[str, str]) -> Variables:
        """With those of these names that it does not know yet."""
        new = [name for name in names if name in held and name not in self.hashes]
        if not new:
            return self
        salt = self.salt or secrets.token_hex(16)
        hashes = {name: _hash(held[name], salt) for name in new}
        return Variables(salt=salt, hashes={**self.hashes, **hashes})

    def differs(self, name: str, held: Mapping[str, str]) -> bool:
        """Whether it held something else than now. Of what was never noted down nobody knows: that is the same."""
        return name in self.hashes and name in held and _hash(held[name], self.salt) != self.hashes[name]


def named_in(data: Any, path: Path = ()) -> dict[str, str]:
    """The variables that the data names, and in which field each stands first. Secrets, by the name of the field or of
    the variable, are none of them: a key is a new one from time to time, and no result depends on it."""
    found: dict[str, str] = {}
    for here, text in _texts(data, path):
        for name in variables_in(text):
            if not (_is_secret(name) or any(_is_secret(str(part)) for part in here[-1:])):
                found.setdefault(name, dotted(here))
    return found


def _texts(data: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, Mapping):
        for key, one in data.items():
            yield from _texts(one, (*path, key))
    elif isinstance(data, list | tuple):
        for number, one in enumerate(data):
            yield from _texts(one, (*path, number))


def _is_secret(name: str) -> bool:
    return redact_field(name, _SECRET) != _SECRET


def _hash(value: str, salt: str) -> str:
    return blake2b(
        value.encode("utf-8", "surrogateescape"), key=bytes.fromhex(salt), digest_size=16
    ).hexdigest()
