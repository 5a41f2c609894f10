"""Tools: what a model can have called, who may call what, and how a call is made."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
