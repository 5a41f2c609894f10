"""When an agent that ended is started again by the system, and when it is given up."""

from __future__ import annotations

from dataclasses import dataclass

from shoal.runtime.errors import ConfigError
from shoal.runtime.supervision import Restart


@dataclass(frozen=True)
class RestartPolicy:
    """What ``System.spawn`` is told of one agent."""

    restart: str = "transient"
    """``permanent``, ``transient`` (not after an orderly end) or ``temporary`` (never)."""
    intensity: int = 20
    """More restarts than this within ``period_s`` seconds, and it is given up."""
    period_s: float = 60.0
    supervisor: str = ""
    """Address of the supervisor that restarts it; empty: the system itself."""
    with_client: bool = False
    """Whether it must be on the client's machine: it writes files there."""
    node: str = ""
    """The Ray node that it must be on; empty: any."""

    def __post_init__(self) -> None:
        if self.restart not in [kind.value for kind in Restart]:
            raise ConfigError(f"restart is {self.restart!r}; give 'permanent', 'transient' or 'temporary'")
        if not isinstance(self.intensity, int) or self.intensity < 0:
            raise ConfigError(f"intensity is {self.intensity!r}; it must be a whole number from 0")
        if not self.period_s > 0:
            raise ConfigError(f"period_s is {self.period_s!r}; it must be a positive number of seconds")
