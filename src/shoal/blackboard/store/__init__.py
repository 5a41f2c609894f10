"""The store of a region, pure: versions of keys, work items and leases, driven by operations and a passed-in clock."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
