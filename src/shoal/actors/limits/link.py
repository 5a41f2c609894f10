"""A process's way to the limiter: what its calls want and give back, in as few messages as there can be.

While one exchange is under way, what is wanted and settled meanwhile gathers and goes as the next. A second message,
the poll, is at the limiter while somebody waits for leave. When an exchange fails, or the limiter says that it is
another one now, everything that is not answered is said again under the same numbers, so nothing is counted twice.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from itertools import count
from typing import NamedTuple

from shoal.actors.limits.amounts import check_want
from shoal.actors.limits.leave import Leave
from shoal.actors.limits.requests import Answer, Ask, Request, pack_request, read_answer
from shoal.models.errors import LimiterUnavailable
from shoal.models.permits import Charge, Settlement, Want
from shoal.models.spec import Rates
from shoal.runtime.errors import AgentNotFound, AgentStopped, ShoalError, SystemClosed

ADDRESS = "limits"
"""Of the limiter."""
PATIENCE_S = 15.0
"""How long a limiter that cannot be reached is tried again before those who wait are told."""
SETTLE_PATIENCE_S = 300.0
"""So long settlements are kept for a limiter that cannot be reached; then what they would give back stays booked."""
_EXCHANGE_S = 15.0
_LINGER_S = 0.005
"""So long a settlement waits for a call to go with: whoever asks a model again and again sends half the messages, and
half the transactions are made. Another process that waits for what is given back waits so much longer at most."""
_FIRST_PAUSE_S, _MOST_PAUSE_S = 0.05, 2.0
_MOST_RECORDED = 256
"""So many recorded calls wait for something to go with."""
_log = logging.getLogger("shoal.limits")

Send = Callable[[bytes, float], Awaitable[bytes]]
"""Ask the limiter; the second argument is how long that may take, in seconds."""


class _Wanted(NamedTuple):
    want: Want
    answer: asyncio.Future[None]


class LimiterLink:
    """Of one process. Use from one event loop."""

    def __init__(self, send: Send, holder: str, clock: Callable[[], float] = time.monotonic) -> None:
        """``holder``: a name no other process has."""
        self._send = send
        self._holder = holder
        self._clock = clock
        self._epoch = 0
        self._beat_s = PATIENCE_S
        self._numbers = count(1)
        self._wanted: dict[int, _Wanted] = {}
        self._settled: dict[int, Settlement | None] = {}
        self._cancelled: dict[int, None] = {}
        self._recorded: dict[str, Charge] = {}
        self._rates: dict[str, Rates] = {}
        self._unsaid: tuple[set[int], dict[str, Rates]] = (set(), {})
        """Wants and rates that the limiter was not told of."""
        self._open: set[int] = set()
        self._sender: asyncio.Task[None] | None = None
        self._poller: asyncio.Task[None] | None = None
        self._heart: asyncio.TimerHandle | None = None
        self._lingering: asyncio.TimerHandle | None = None
        self._beating = False
        self._failing_since: float | None = None
        self.closed = False

    async def acquire(self, want: Want) -> Leave:
        """See :meth:`~shoal.models.permits.Permits.acquire`. Raises ``ConfigError`` for amounts that cannot be."""
        check_want(want)
        if self.closed:
            raise LimiterUnavailable("the system is shut down: nothing can be asked of its limiter")
        number = next(self._numbers)
        began = self._clock()
        wanted = self._wanted[number] = _Wanted(want, asyncio.get_running_loop().create_future())
        self._unsaid[0].add(number)
        self._wake()
        try:
            await wanted.answer
        except asyncio.CancelledError:
            self._give_up(number)
            raise
        return Leave(self, number, self._clock() - began, f"{self._holder}/{number}")

    def settle(self, number: int, took: Settlement | None) -> None:
        """Take a permit back; ``None``: nobody knows what it took, so all that was reserved. Does not wait."""
        self._open.discard(number)
        if not self.closed:
            self._settled[number] = took
            if self._lingering is None and self._sender is None:
                self._lingering = asyncio.get_running_loop().call_later(_LINGER_S, self._wake)

    def recorded(self, charges: Iterable[Charge]) -> None:
        """Calls that were charged so are recorded: the limiter need not keep their charges. Does not wait.

        It goes with the next message. What is never heard is found out when the books are settled.
        """
        if not self.closed:
            self._recorded.update({charge.permit: charge for charge in charges if charge.permit})
            if len(self._recorded) >= _MOST_RECORDED:
                self._wake()

    def declare_rates(self, endpoint: str, rates: Rates) -> None:
        """What an endpoint is asked for at most: the lower of all that is declared counts."""
        if self._rates.get(endpoint) != rates:
            self._rates[endpoint] = self._unsaid[1][endpoint] = rates
            self._wake()

    async def flush(self) -> None:
        """Wait until the limiter has heard of everything that was settled and recorded."""
        if self._recorded:
            self._beating = True  # something to send them with
        if self._lingering is not None or self._recorded:
            self._wake()
        while self._sender is not None and not self.closed:
            await asyncio.wait([self._sender])

    def close(self) -> None:
        """Send nothing more."""
        self.closed = True
        for timer in (self._lingering, self._heart):
            if timer is not None:
                timer.cancel()
        self._lingering = self._heart = None

    # -- sending -------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        """Send what there is, a turn of the loop later: with what else comes in this one."""
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        if self._sender is None and not self.closed:
            self._sender = asyncio.get_running_loop().create_task(self._send_all())

    def _give_up(self, number: int) -> None:
        """Whoever wanted it is gone."""
        self._wanted.pop(number, None)
        self._open.discard(number)
        if number in self._unsaid[0]:
            self._unsaid[0].discard(number)  # the limiter never heard of it
        else:
            self._cancelled[number] = None
            self._wake()

    def _has_news(self) -> bool:
        full = len(self._recorded) >= _MOST_RECORDED
        return bool(self._settled or self._cancelled or self._beating or full or any(self._unsaid))

    async def _send_all(self) -> None:
        pause_s = _FIRST_PAUSE_S
        try:
            while self._has_news() and not self.closed:
                if await self._exchange():
                    pause_s = _FIRST_PAUSE_S
                elif not self.closed:
                    await asyncio.sleep(pause_s)
                    pause_s = min(_MOST_PAUSE_S, 2 * pause_s)
        except asyncio.CancelledError:
            self.closed = True  # the event loop ends
            raise
        finally:
            self._sender = None
            self._start_poll()
            self._start_heart()

    async def _exchange(self) -> bool:
        """One message; returns whether it was heard."""
        numbers, rates = self._unsaid
        self._unsaid = (set(), {})
        self._beating = False
        settled, cancelled, recorded = dict(self._settled), list(self._cancelled), dict(self._recorded)
        request = Request(
            Ask.EXCHANGE, self._holder, self._epoch,
            [(number, self._wanted[number].want) for number in sorted(numbers)],
            list(settled.items()), cancelled, list(rates.items()), recorded=list(recorded.values()),
        )  # fmt: skip
        answer = await self._ask(request, _EXCHANGE_S)
        if answer is None:
            return False
        if not answer.stale:
            for number in settled:
                del self._settled[number]
            for number in cancelled:
                del self._cancelled[number]
            for permit in recorded:
                self._recorded.pop(permit, None)
        return True

    async def _poll(self) -> None:
        """Be at the limiter while somebody waits."""
        try:
            while self._wanted and not self.closed:
                answer = await self._ask(
                    Request(Ask.POLL, self._holder, self._epoch), _EXCHANGE_S + self._beat_s
                )
                if answer is None or answer.stale:
                    return  # what is not answered is said again by the sender, and then there is another poll
        except asyncio.CancelledError:
            self.closed = True  # the event loop ends
            raise
        finally:
            self._poller = None
            self._start_heart()
            if self._has_news():
                self._wake()

    def _start_poll(self) -> None:
        if self._wanted and self._poller is None and not self.closed:
            self._poller = asyncio.get_running_loop().create_task(self._poll())

    def _start_heart(self) -> None:
        """Say now and then that this process lives, while it holds permits."""
        if self._open and self._heart is None and not self.closed:
            self._heart = asyncio.get_running_loop().call_later(self._beat_s, self._beat)

    def _beat(self) -> None:
        self._heart = None
        if self._open:
            self._beating = True
            self._wake()

    # -- answers -------------------------------------------------------------------------------------------

    async def _ask(self, request: Request, limit_s: float) -> Answer | None:
        """One message and what follows from its answer; ``None`` when it failed."""
        try:
            answer = read_answer(await self._send(pack_request(request), limit_s))
        except ShoalError as error:
            self._failed(error, final=isinstance(error, AgentNotFound | AgentStopped | SystemClosed))
            return None
        self._beat_s = answer.beat_s
        if answer.trouble:
            self._failed(LimiterUnavailable(answer.trouble), final=False)
            return None
        self._failing_since = None
        if answer.stale:
            self._say_all_again()
        self._epoch = answer.epoch
        self._heard(answer)
        return answer

    def _heard(self, answer: Answer) -> None:
        for number in answer.granted:
            wanted = self._wanted.pop(number, None)
            if wanted is not None and not wanted.answer.done():
                self._open.add(number)
                wanted.answer.set_result(None)
        for number, error in answer.denied:
            wanted = self._wanted.pop(number, None)
            if wanted is not None and not wanted.answer.done():
                wanted.answer.set_exception(error)

    def _say_all_again(self) -> None:
        self._unsaid = (set(self._wanted), dict(self._rates))

    def _failed(self, error: ShoalError, *, final: bool) -> None:
        now = self._clock()
        self._epoch = 0  # nobody knows what was heard
        self._say_all_again()
        if self._failing_since is None:
            self._failing_since = now
        failing_s = now - self._failing_since
        if final or failing_s >= PATIENCE_S:
            self._refuse_all(error, opened=not isinstance(error, AgentNotFound))
        if (final or failing_s >= SETTLE_PATIENCE_S) and self._settled:
            _log.warning("%d settlements are lost, the limiter is gone: %s", len(self._settled), error)
            self._settled.clear()
        if final:
            self._cancelled.clear()
            self._recorded.clear()
            self._unsaid = (set(), {})
            self._beating = False
        if isinstance(error, SystemClosed):
            self.closed = True

    def _refuse_all(self, error: ShoalError, *, opened: bool) -> None:
        """Whoever waits is told; what the limiter may have granted meanwhile is taken back when it is there again."""
        wanted, self._wanted = self._wanted, {}
        self._unsaid[0].clear()
        for number, one in wanted.items():
            self._cancelled[number] = None
            if not one.answer.done():
                one.answer.set_exception(
                    LimiterUnavailable(
                        f"the limiter cannot be reached, so nobody can say whether the call fits: {error.text}",
                        opened=opened,
                    )
                )
