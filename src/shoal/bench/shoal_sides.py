"""shoal's own sides of each row, between processes and in one."""

from __future__ import annotations

from collections.abc import Mapping

from shoal.bench.sides import SideFactory

SHOAL: Mapping[str, SideFactory] = {}
"""Agents in processes of their own on Ray, by row."""

LOCAL: Mapping[str, SideFactory] = {}
"""Agents in this process, by row."""
