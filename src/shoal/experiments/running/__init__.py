"""Running experiments: from a checked plan to results in which no task is missing."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
