"""What goes wrong inside a team while it runs. An asker gets them as a ``HandlerError`` that names the type.

::

    ShoalError
    └── TeamError
        ├── NoWorker        a message that no worker was chosen for
        └── GateRejected    a stage's answer that its gate did not let through
"""

from __future__ import annotations

from shoal.runtime.errors import ShoalError


class TeamError(ShoalError):
    """Root: the team works, but this task cannot be done by it."""


class NoWorker(TeamError):
    """The router chose nobody, or somebody who cannot take the message, and there is no fallback."""


class GateRejected(TeamError):
    """A gate refused a stage's answer; the text names the stage and the reason."""
