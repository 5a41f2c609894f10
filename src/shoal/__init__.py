"""shoal: an actor-model runtime for multi-agent systems on Ray.

Its names, which ``__init__.pyi`` lists, are loaded at their first use: a command loads what it does, and the process of
an agent what its agent is made of. All of it takes 0.7 s, which each of a thousand agents would pay.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
