"""Tools: what a model can have called, who may call what, and how a call is made."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
