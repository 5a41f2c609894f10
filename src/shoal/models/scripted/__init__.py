"""Models that answer by a script, for tests, examples and simulation: exact, repeatable, free."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
