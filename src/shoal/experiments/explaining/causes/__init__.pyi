from .cause import UNKNOWN, Category, Cause
from .table import TABLE, cause_of

__all__ = [
    "TABLE",
    "UNKNOWN",
    "Category",
    "Cause",
    "cause_of",
]
