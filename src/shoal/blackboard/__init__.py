"""The blackboard: versioned, durable state that all agents share, claim work from and watch.

A region is served by one agent, its board. What it holds is decided by a pure store (:mod:`shoal.blackboard.store`)
and kept by a log (:mod:`shoal.blackboard.persistence`); :class:`Board` is its client, ``ctx.board`` in an agent.
"""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
