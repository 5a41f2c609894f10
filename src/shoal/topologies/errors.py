"""What goes wrong inside a team while it runs. An asker gets them as a ``HandlerError`` that names the type.

::

    ShoalError
    └── TeamError
        ├── NoWorker        a message that no worker was chosen for
        ├── GateRejected    a stage's answer that its gate did not let through
        ├── ContextLost     a message lacks what the edge to a member declares
        ├── SourcesMissing  an answer states something without saying where it is from
        └── CheckFailed     the checker of an edge did not find an answer good
"""

from __future__ import annotations

from shoal.runtime.errors import ShoalError


class TeamError(ShoalError):
    """Root: the team works, but this task cannot be done by it."""


class NoWorker(TeamError):
    """The router chose nobody, or somebody who cannot take the message, and there is no fallback."""


class GateRejected(TeamError):
    """A gate refused a stage's answer; the text names the stage and the reason."""


class ContextLost(TeamError):
    """What a member is to be given cannot be made of the message; the text names the fields."""


class SourcesMissing(TeamError):
    """An edge requires sources, and an answer names none."""


class CheckFailed(TeamError):
    """The checker of an edge refused an answer; the text has its reason."""
