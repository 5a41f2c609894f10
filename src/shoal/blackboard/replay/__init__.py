"""What a run's board holds and how it came to that: the ``shoal board`` commands. They read files, without Ray."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
