"""What an attempt is charged: a pure decision, on the side of caution where the server does not say.

=====================================================  ==========================================================
how it ended                                           what is charged
=====================================================  ==========================================================
the server said a usage, in the answer or the error    that
an answer or a part of one came                        the input and what came, both estimated
nothing came: timeout, cancelled, an answer nobody     the input, estimated: the server has taken the request,
can read, a refusal                                    and may well have read it
the same, taken back (timeout, cancelled) where        the input, estimated, and the limit of the output: the
answers are not streamed                               server writes on
nothing came: no connection, an HTTP error status      nothing
nothing was sent                                       nothing
=====================================================  ==========================================================
"""

from __future__ import annotations

from collections.abc import Callable

from shoal.models.chat import Usage
from shoal.models.errors import (
    CircuitOpen,
    LimitError,
    ModelError,
    ModelRejected,
    ModelTimeout,
    ModelUnavailable,
    NotRecorded,
    RateLimited,
)

Estimate = Callable[[str], Usage]
"""Usage from the text that the model wrote."""

_NOTHING = (CircuitOpen, LimitError, ModelRejected, ModelUnavailable, NotRecorded, RateLimited)


def charged(
    error: BaseException, said: Usage | None, written: str | None, estimate: Estimate, writes_on: int = 0
) -> Usage | None:
    """What a failed attempt is charged; ``None``: nothing.

    ``said`` is the server's own figure; ``written`` what the model wrote, ``None`` when no piece came; ``writes_on``
    the tokens that the server may still write after the call was taken back.
    """
    if said is None and isinstance(error, ModelError):
        said = error.usage
    if said is not None:
        return said
    if written is not None:
        return estimate(written)
    if isinstance(error, ModelError) and not isinstance(error, ModelTimeout):
        return None if isinstance(error, _NOTHING) else estimate("")
    read = estimate("")
    return read.model_copy(update={"output_tokens": writes_on})
