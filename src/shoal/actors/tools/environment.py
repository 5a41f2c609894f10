"""The environment of a process that a tool starts: what any program needs, and what is named.

Not the agent's own with some names struck out: which of them hold a secret, their names do not always say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shoal.runtime.errors import ConfigError

_PLAIN = frozenset(
    {"HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER", "VIRTUAL_ENV"}
)  # fmt: skip


def child_environment(environ: Mapping[str, str], named: Iterable[str] = ()) -> dict[str, str]:
    """The variables that a child gets. Raises ``ConfigError`` when one that is ``named`` is not set."""
    named = list(named)
    if missing := [name for name in named if name not in environ]:
        raise ConfigError(
            f"the environment has no {', '.join(sorted(missing))}, which a tool's process is to be given: set it where "
            "the agent runs, or do not name it"
        )
    given = {name: value for name, value in environ.items() if name in _PLAIN or name.startswith("LC_")}
    given.update({name: environ[name] for name in named})
    return given
