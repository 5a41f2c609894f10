"""The run directory and the durable record of a run: its ledger of tasks, its events, its messages."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
