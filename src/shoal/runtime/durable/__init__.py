"""What a durable agent's state is kept in, so that its next incarnation goes on where the last one was."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
