"""The pure part of the demo: audit a Python source tree, one module at a time.

``discover`` splits the tree into :class:`ModuleTask`; ``review`` (the maker) turns each into a
:class:`ModuleReview`; ``check`` (the checker) verifies every finding by another route and gives a
:class:`CheckedReview`; ``aggregate`` merges them in any order into one :class:`AuditReport`, which
``render_markdown`` and ``render_json`` write down. No function here knows of agents, and none but
``discover``, ``review`` and ``check`` touches the disk.
"""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
