"""Explaining a run: the trace of a task, why its answer is what it is, and what went wrong by cause."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
