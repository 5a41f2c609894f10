"""shoal: an actor-model runtime for multi-agent systems on Ray.

Its names, which ``__init__.pyi`` lists, are loaded at their first use: a command loads what it does, and the process of
an agent what its agent is made of. All of it takes 0.7 s, which each of a thousand agents would pay.
"""

import lazy_loader  # and nothing of shoal, see shoal.runtime.lazily

__getattr__, __dir__, _names = lazy_loader.attach_stub(__name__, __file__)

# `shoal.runtime.config` can be written without a second import; `import *` goes without them.
_FLOORS = ("actors", "blackboard", "models", "runtime", "topologies")
__all__ = [name for name in _names if name not in _FLOORS]
