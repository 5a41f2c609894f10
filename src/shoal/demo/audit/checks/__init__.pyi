from .tree import Tree

__all__ = [
    "Tree",
]
