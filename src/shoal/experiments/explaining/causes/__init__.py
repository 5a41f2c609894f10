"""Causes of failures: which error means what, in the words of MAST and beside them."""

from __future__ import annotations

from shoal.experiments.explaining.causes.cause import UNKNOWN, Category, Cause
from shoal.experiments.explaining.causes.table import TABLE, cause_of

__all__ = ["TABLE", "UNKNOWN", "Category", "Cause", "cause_of"]
