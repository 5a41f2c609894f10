"""What a cell is doing with its life."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """Life of a cell."""

    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
