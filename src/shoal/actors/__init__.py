"""Agents: classes with typed handlers, functions, and supervisors of agents."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
