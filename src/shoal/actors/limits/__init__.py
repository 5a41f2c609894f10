"""Limits before spending: budgets, rates and turns, for the whole cluster or for one process."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
