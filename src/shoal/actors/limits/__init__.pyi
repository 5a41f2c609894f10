from .local_permits import LocalPermits
from .opened import Limits, open_limits
from .permits import LimiterPermits, permits_of
from .spec import LimitsSpec
from .status import EndpointStatus, LevelStatus, LimitsStatus, Use

__all__ = [
    "EndpointStatus",
    "LevelStatus",
    "LimiterPermits",
    "Limits",
    "LimitsSpec",
    "LimitsStatus",
    "LocalPermits",
    "Use",
    "open_limits",
    "permits_of",
]
