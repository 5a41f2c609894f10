"""When work on a region is over: conditions, what they come to, and waiting for them (:meth:`Board.until`)."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
