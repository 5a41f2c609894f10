"""The workload of an experiment: where its cases come from, its tasks, and the messages they are asked with."""

from __future__ import annotations
