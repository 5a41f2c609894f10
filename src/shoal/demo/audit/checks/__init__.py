"""How a reviewer finds defects: one module a family, all on one indexed syntax tree.

Each ``check`` yields findings in no particular order; the reviewer sorts and bounds
them.
"""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
