"""Knowledge sources: agents that changes of a blackboard wake, and the controller that chooses among them."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
