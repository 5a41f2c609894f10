"""Playing tasks of a run again, with recorded answers."""

from __future__ import annotations
