"""How a reviewer finds defects: one module a family, all on one indexed syntax tree.

Each ``check`` yields findings in no particular order; the reviewer sorts and bounds
them.
"""

from __future__ import annotations

from shoal.demo.audit.checks.tree import Tree

__all__ = ["Tree"]
