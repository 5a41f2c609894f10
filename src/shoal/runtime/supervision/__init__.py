"""Supervision: what restarts, what stops and what gives up when something ends. OTP's ``supervisor``, decided purely.

:class:`Supervision` takes events with a time and returns effects; specs, exits and requests are its data. Nothing
here starts a process, waits, or looks at a clock.
"""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
