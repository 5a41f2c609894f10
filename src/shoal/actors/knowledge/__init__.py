"""Knowledge sources: agents that changes of a blackboard wake, and the controller that chooses among them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
