"""What can go wrong with a model call.

::

    ShoalError
    └── ModelError                  carries ``model``, ``endpoint``, ``status`` and, if known, the ``usage`` charged
        ├── ModelUnavailable        no connection, 5xx, 408, 409, overloaded: the same call may succeed later
        │   ├── ModelTimeout        the first token, the next one or the whole answer did not come in time
        │   └── CircuitOpen         it failed so often that it is left alone for a while; nothing was sent
        ├── RateLimited             429; ``retry_after_s`` when the server says so
        ├── ModelMalformed          no answer one can read: not JSON, HTML, a stream that just ends, no choices
        ├── ModelRejected           400, 401, 403, 404, 422: the same call will never work; says what to change
        │   ├── ContextTooLong      the conversation does not fit into the model's context
        │   └── KeyMissing          no key for the endpoint, or none that can be sent; a ConfigError too
        ├── ModelRefused            the model or a content filter declined to answer
        ├── OutputInvalid           the answer does not have the shape asked for, nor did its repairs
        ├── NoModelLeft             each model of a fallback chain failed; carries why, one by one
        ├── NotRecorded             replay: the journal has no answer to this request
        └── LimitError              nothing was sent: a limit of ours
            ├── BudgetExceeded      what the call may cost does not fit into what is left; names the budget
            └── LimiterUnavailable  the limiter cannot be reached, so nobody can say whether it fits
"""

from __future__ import annotations

from typing import Any

from shoal.models.chat import Usage
from shoal.runtime.errors import ConfigError, ShoalError


class ModelError(ShoalError):
    """A model call that gave no answer. ``details`` are plain values: they travel in replies."""

    retryable = False
    """Whether the same call may succeed a little later."""
    counts_against = False
    """Whether it speaks against the endpoint: its circuit breaker counts it."""

    @property
    def retry_after_s(self) -> float | None:
        """Seconds that the server wants to be left alone; ``None`` when it did not say."""
        after = self.details.get("retry_after_s")
        return after if isinstance(after, int | float) else None

    @property
    def usage(self) -> Usage | None:
        """What was charged all the same; ``None`` when nobody can know."""
        fields: Any = self.details.get("usage")
        return Usage(**fields) if isinstance(fields, dict) else None


class ModelUnavailable(ModelError):
    """No connection, a failing or an overloaded server."""

    retryable = True
    counts_against = True


class ModelTimeout(ModelUnavailable):
    """The first token, the next one or the whole answer did not come in time."""


class CircuitOpen(ModelUnavailable):
    """The endpoint failed so often that it is left alone for a while. Nothing was sent."""

    counts_against = False


class RateLimited(ModelError):
    """The server wants fewer requests or tokens (429)."""

    retryable = True


class ModelMalformed(ModelError):
    """What came is no answer."""

    retryable = True
    counts_against = True


class ModelRejected(ModelError):
    """The server will never take this call: a wrong key, an unknown model, a bad parameter."""


class ContextTooLong(ModelRejected):
    """The conversation does not fit into the model's context."""


class KeyMissing(ModelRejected, ConfigError):
    """There is no key for the endpoint where the model is called, or none that can be sent. Nothing was sent."""


class ModelRefused(ModelError):
    """The model, or a filter before or behind it, declined."""


class OutputInvalid(ModelError):
    """The answer does not have the shape asked for, and repairing it did not help."""


class NoModelLeft(ModelError):
    """Each model of a fallback chain failed; ``details['causes']`` says how, one by one."""


class NotRecorded(ModelError):
    """Replay has no answer to this request: the code or the conversation is another one."""


class LimitError(ModelError):
    """A limit of ours. Nothing was sent."""


class BudgetExceeded(LimitError):
    """What the call may cost does not fit into what is left of a budget; ``details`` name it and what is left."""


class LimiterUnavailable(LimitError):
    """The limiter cannot be reached: without it nobody can say whether the call fits, so it is not made."""

    retryable = True
