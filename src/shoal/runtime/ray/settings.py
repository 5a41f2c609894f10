"""What every process of a system must know: small, pickled once per host."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoal.runtime.config import Config
from shoal.runtime.ray.calls import actor_by_name
from shoal.runtime.ray.directory import NAMESPACE, directory_name
from shoal.runtime.socket_server import private_directory


@dataclass(frozen=True)
class Settings:
    """One system on Ray."""

    system: str
    secret: bytes
    config: Config
    client_node: str = ""
    """Ray node id of the client; empty when it is connected by ``ray://``."""
    client_pid: int = 0
    client_started: float = 0.0
    """When the client's process was created, in seconds since 1970: its pid may be used again."""

    def __repr__(self) -> str:
        return f"Settings(system={self.system!r})"  # the secret stays out of logs

    def directory(self) -> Any:
        """The directory's handle; ``None`` when it is gone."""
        return actor_by_name(directory_name(self.system), NAMESPACE)

    def socket_dir(self) -> Path:
        """This node's directory for sockets."""
        return private_directory(self.system)
