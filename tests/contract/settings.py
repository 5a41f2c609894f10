"""What every system of the contract suite is started with."""

from __future__ import annotations

from typing import Any

SETTINGS: dict[str, Any] = {"stop_grace_s": 0.5, "blocked_loop_s": 0.5, "hop_limit": 20}
