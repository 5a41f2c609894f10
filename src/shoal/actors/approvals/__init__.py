"""Approvals: agents ask people, wait for the decision, and take silence for a refusal."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
