from .view import View

__all__ = [
    "View",
]
