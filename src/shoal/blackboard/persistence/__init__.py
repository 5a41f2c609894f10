"""Where a region's versions are kept: SQLite files or PostgreSQL, written by one owner, read by anybody."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
