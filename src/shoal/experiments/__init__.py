"""Experiments: a workload under one or several teams, with what each cost and earned."""

from __future__ import annotations
