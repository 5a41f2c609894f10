"""The way to one endpoint: its rates, and how it slows down when the server says 429. Pure.

After a 429 nobody goes before ``Retry-After`` is over, or, where there is none, for a second, doubled with each 429
that follows (a minute at most). Then at most half as many calls as before run at one time; each call that goes well
lets in 1/n more (additive increase, multiplicative decrease, as TCP's congestion avoidance does it: RFC 5681, 3.1).
Of the calls that were under way when it slowed down, further 429s halve nothing: they speak of the same moment.
"""

from __future__ import annotations

from shoal.actors.limits.window import Window
from shoal.models.permits import Settlement
from shoal.models.spec import Rates

FIRST_PAUSE_S = 1.0
MOST_PAUSE_S = 60.0
MOST_RETRY_AFTER_S = 3600.0
"""A server that wants to be left alone for longer is asked again after this."""
_WIDE_OPEN_AFTER_S = 600.0
"""So long without a 429, and a gate without a declared concurrency is open as before."""


class Gate:
    """Of one endpoint. ``running`` is the number of its open reservations."""

    __slots__ = (
        "limited",
        "named",
        "paused_until",
        "rates",
        "running",
        "slowed_at",
        "strikes",
        "width",
        "window",
    )

    def __init__(self, rates: Rates) -> None:
        self.rates = rates
        self.named = False
        """Whether the name of its model is known, by which rates are declared too."""
        self.window = Window()
        self.running = 0
        self.width: float | None = None
        """Calls at one time since the last 429; ``None``: as declared."""
        self.slowed_at = 0.0
        self.paused_until = 0.0
        self.strikes = 0
        """429s since the last call that went well."""
        self.limited = 0
        """429s in all."""

    @property
    def most(self) -> int | None:
        """Calls at one time."""
        if self.width is None:
            return self.rates.concurrency
        return max(1, int(self.width))

    def has_room(self, tokens: int, now: float) -> bool:
        """Whether one more call may go now."""
        if now < self.paused_until:
            return False
        most = self.most
        if most is not None and self.running >= most:
            return False
        self.window.forget(now)
        return self.window.has_room(tokens, self.rates.rpm, self.rates.tpm)

    def too_large(self, tokens: int) -> bool:
        """Whether a call of that size can never go."""
        return self.rates.tpm is not None and tokens > self.rates.tpm

    def enter(self, tokens: int, now: float) -> None:
        """A call goes."""
        self.running += 1
        self.window.add(tokens, now)

    def leave(self, since: float, took: Settlement | None, now: float) -> None:
        """A call that was let in at ``since`` is over; ``took`` is ``None`` when nobody knows how it went."""
        if took is not None and took.rate_limited:
            self._slow_down(since, took.retry_after_s, now)
        elif took is not None and took.tokens:
            self._speed_up(now)
        self.running -= 1

    def _slow_down(self, since: float, retry_after_s: float | None, now: float) -> None:
        self.limited += 1
        again = since < self.slowed_at
        if not again:
            self.strikes += 1
            self.slowed_at = now
            self.width = max(1.0, min(self.width or self.running, self.running) / 2)
        if retry_after_s is not None:
            pause_s = min(max(0.0, retry_after_s), MOST_RETRY_AFTER_S)
        elif again:
            return
        else:
            pause_s = min(MOST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(self.strikes - 1, 16))
        self.paused_until = max(self.paused_until, now + pause_s)

    def _speed_up(self, now: float) -> None:
        self.strikes = 0
        if self.width is None:
            return
        self.width += 1.0 / self.width
        declared = self.rates.concurrency
        if (declared is not None and self.width >= declared) or now - self.slowed_at > _WIDE_OPEN_AFTER_S:
            self.width = None

    def next_at(self, now: float) -> float | None:
        """When it may have room again without a call being over; ``None``: never by itself."""
        if now < self.paused_until:
            return self.paused_until
        if self.rates.rpm is None and self.rates.tpm is None:
            return None
        return self.window.next_at()


def tightest(a: Rates, b: Rates) -> Rates:
    """Of each rate the lower one."""
    return Rates(
        rpm=_lower(a.rpm, b.rpm), tpm=_lower(a.tpm, b.tpm), concurrency=_lower(a.concurrency, b.concurrency)
    )


def _lower(a: int | None, b: int | None) -> int | None:
    if a is None or b is None:
        return b if a is None else a
    return min(a, b)
