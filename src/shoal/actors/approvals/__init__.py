"""Approvals: agents ask people, wait for the decision, and take silence for a refusal."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
