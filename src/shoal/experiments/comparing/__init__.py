"""Comparing teams on the same workload: statistics, verdicts, and the table."""

from __future__ import annotations
