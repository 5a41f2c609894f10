"""Explaining a run: the trace of a task, why its answer is what it is, and what went wrong by cause."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
