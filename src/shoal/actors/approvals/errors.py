"""What keeps a decision from being taken. What keeps an agent from going on is ``ApprovalRefused``, one of the tools'.

::

    ShoalError
    └── ApprovalError           carries ``request``, the request's id
        ├── RequestUnknown      no request has this id, or several begin so; lists those
        ├── RequestDecided      somebody decided before; carries ``state`` and ``by``
        ├── RequestExpired      its time ran out, which is a refusal
        ├── RequestWithdrawn    whoever asked does not wait any more
        └── DecisionUnfit       such a request is not decided so: a question is answered, an action is not
"""

from __future__ import annotations

from shoal.runtime.errors import ShoalError


class ApprovalError(ShoalError):
    """A decision that was not taken."""


class RequestUnknown(ApprovalError):
    """No request has this id, or it is the beginning of several."""


class RequestDecided(ApprovalError):
    """It was decided before: the first decision counts."""


class RequestExpired(ApprovalError):
    """Nobody decided in time, which is a refusal; it cannot be approved any more."""


class RequestWithdrawn(ApprovalError):
    """Whoever asked has given up, and does not do what was to be approved."""


class DecisionUnfit(ApprovalError):
    """A request of this kind is not decided in this way, or not with this value."""
