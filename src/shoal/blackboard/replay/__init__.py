"""What a run's board holds and how it came to that: the ``shoal board`` commands. They read files, without Ray."""

from __future__ import annotations

from shoal.blackboard.replay.command import board

__all__ = ["board"]
