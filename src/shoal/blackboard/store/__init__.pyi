from .limits import Limits
from .store import Store
from .summary import Summary

__all__ = [
    "Limits",
    "Store",
    "Summary",
]
