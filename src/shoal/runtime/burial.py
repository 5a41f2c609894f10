"""The end of messages that are not handled with success: answer, dead letter, acknowledgement."""

from __future__ import annotations

import logging
import time

from shoal.runtime.codec import encode
from shoal.runtime.config import Config
from shoal.runtime.deadletters import DeadLetter, DeadLetters, Reason
from shoal.runtime.delivery import Delivery
from shoal.runtime.envelope import ASK, Envelope
from shoal.runtime.errors import MessageError, ShoalError

_log = logging.getLogger("shoal.host")
_LOGGED_A_SECOND = 10


class Burial:
    """Of one process: its dead letters, and the log of them."""

    def __init__(self, config: Config) -> None:
        self.letters = DeadLetters(config.dead_letters, self._log_letter)
        self._max_message_bytes = config.max_message_bytes
        self._letters_logged = 0
        self._letters_second = 0.0

    def bury(self, delivery: Delivery, reason: Reason, error: ShoalError) -> None:
        """End a message that was not handled with success: answer, dead letter, acknowledgement."""
        envelope = delivery.envelope
        asked = envelope.kind == ASK and delivery.origin is not None
        if asked and delivery.origin is not None:
            delivery.origin.fail(delivery, error)
        if not (asked and reason in (Reason.HANDLER_ERROR, Reason.CANCELLED)):
            self.letters.add(self.encoded(delivery), reason, error.text)
        delivery.end()

    def encoded(self, delivery: Delivery) -> Envelope:
        """The envelope with its payload, also of a message that never left this process."""
        envelope = delivery.envelope
        if envelope.payload or not hasattr(delivery, "value"):
            return envelope
        try:
            tag, payload = encode(delivery.value, self._max_message_bytes)
        except MessageError:
            return envelope
        return envelope._replace(tag=tag, payload=payload)

    def _log_letter(self, letter: DeadLetter) -> None:
        """Log dead letters, ten a second at most: a flood is counted, not printed."""
        now = time.monotonic()
        if now - self._letters_second > 1.0:
            self._letters_second, self._letters_logged = now, 0
        self._letters_logged += 1
        if self._letters_logged <= _LOGGED_A_SECOND:
            _log.warning(
                "dead letter (%s): %s to %s: %s", letter.reason, letter.tag, letter.recipient, letter.detail,
                extra={"agent": letter.recipient, "task": letter.task},
            )  # fmt: skip
