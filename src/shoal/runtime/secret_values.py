"""Secrets known by their value: those of the environment, and those that the program names. One set a process.

A variable holds a secret when its name has one of :data:`MARKS` in it, unless its last word says that it does not
(``SSH_AUTH_SOCK``, ``RAY_AUTH_MODE``) or it is that of an author. Values shorter than :data:`SHORTEST` characters and
those that are words of any configuration (``disabled``) are left alone: they would be found in ordinary text.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from shoal.runtime.errors import ConfigError

MARKS = ("KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "AUTH")
SHORTEST = 8
SHORTEST_NAMED = 4
"""Of a value that the program names itself."""
_HARMLESS_ENDS = ("PATH", "FILE", "DIR", "SOCK", "MODE")
_HARMLESS_VALUES = frozenset({"disabled", "enabled", "required", "optional", "anonymous", "parallel"})


class SecretValues:
    """What must not be shown, in each of the forms in which a text may hold it."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """``environment``: the process's own, which is looked at again whenever it has changed."""
        self._environment = os.environ if environment is None else environment
        self._seen: object = None
        self._forms: tuple[str, ...] = ()
        self._named: dict[str, None] = {}

    def add(self, value: str) -> None:
        """Name a secret. Raises :class:`ConfigError` for one that ordinary text would hold."""
        value = value.strip() if isinstance(value, str) else value
        if not isinstance(value, str) or len(value) < SHORTEST_NAMED:
            raise ConfigError(
                f"a value to redact is a text of at least {SHORTEST_NAMED} characters: any text may hold a shorter one"
            )
        self._named[value] = None
        self._seen = None

    def found_in(self, text: str) -> re.Pattern[str] | None:
        """What finds the secrets that are in this text, the longest first; ``None`` when there is none."""
        found = [re.escape(form) for form in self._current() if form in text]
        return re.compile("|".join(found)) if found else None

    def _current(self) -> tuple[str, ...]:
        # What lies behind os.environ is compared in 1 µs; a copy of it takes 130 µs, its items 45 µs.
        now = getattr(self._environment, "_data", self._environment)
        if now != self._seen:
            self._seen = dict(now)
            self._forms = _forms_of((*self._named, *_secrets_of(self._environment)))
        return self._forms


def _secrets_of(environment: Mapping[str, str]) -> list[str]:
    values = [value.strip() for name, value in environment.items() if _is_secret(name)]
    return [value for value in values if len(value) >= SHORTEST and value.lower() not in _HARMLESS_VALUES]


def _is_secret(name: str) -> bool:
    name = name.upper()
    if name.endswith(_HARMLESS_ENDS) or not any(mark in name for mark in MARKS):
        return False
    return any(mark in name.replace("AUTHOR_", "").replace("XAUTHORITY", "") for mark in MARKS)


def _forms_of(values: Iterable[str]) -> tuple[str, ...]:
    """Each value as it is, and as ``repr``, JSON and URLs write it; the longest first."""
    forms = set()
    for value in values:
        forms |= {
            value,
            repr(value)[1:-1],
            json.dumps(value)[1:-1],
            json.dumps(value, ensure_ascii=False)[1:-1],
        }
        forms |= {quote(value), quote(value, safe="")}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))
