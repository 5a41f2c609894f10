"""``shoal init``: an experiment to begin with."""

from __future__ import annotations
