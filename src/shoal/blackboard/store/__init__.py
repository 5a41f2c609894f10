"""The store of a region, pure: versions of keys, work items and leases, driven by operations and a passed-in clock."""

from shoal.blackboard.store.limits import Limits
from shoal.blackboard.store.store import Store
from shoal.blackboard.store.summary import Summary

__all__ = ["Limits", "Store", "Summary"]
