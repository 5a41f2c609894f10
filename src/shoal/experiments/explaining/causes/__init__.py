"""Causes of failures: which error means what, in the words of MAST and beside them."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
