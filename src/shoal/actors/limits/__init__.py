"""Limits before spending: budgets, rates and turns, for the whole cluster or for one process."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
