from .command import board

__all__ = [
    "board",
]
