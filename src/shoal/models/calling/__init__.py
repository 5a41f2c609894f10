"""Calls that survive their models' failures: retries, circuit breakers, hedged requests, fallbacks, time limits."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
