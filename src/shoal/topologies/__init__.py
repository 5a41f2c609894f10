"""Topologies: agents wired into teams, one line a pattern. Each is loaded at its first use, see ``__init__.pyi``."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
