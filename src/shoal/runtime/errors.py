"""Every error shoal raises on purpose.

::

    ShoalError
    ├── ConfigError                 a setting, name or wiring that cannot work; nothing was started
    ├── StartError                  the system could not start (no Ray at the address, ...)
    ├── SpawnError                  an agent could not be started
    │   ├── NameTaken               the name is in use
    │   └── AgentStartFailed        constructor or on_start raised; carries the remote traceback
    ├── MessageError                the message itself is at fault; nothing was delivered
    │   ├── NotAMessage             neither a Pydantic model nor a msgpack-native value
    │   ├── MessageTooLarge         over the size limit
    │   ├── MessageTooDeep          nested deeper than the limit
    │   ├── UnknownMessage          the receiver has no handler (or no model) for this tag
    │   ├── InvalidMessage          the payload does not fit the model; names the fields
    │   └── ProtocolError           bytes that are no frame of ours
    │       └── DeadIncarnation     a frame of a host that was started again since
    ├── DeliveryError               carries the envelope
    │   ├── Refused                 certain: the message was not and will not be processed
    │   │   ├── AgentNotFound       no agent of that name
    │   │   ├── AgentStopped        it was there and is stopped
    │   │   ├── MailboxFull         overflow policy `reject`
    │   │   ├── Expired             the deadline passed before the handler began
    │   │   ├── Cancelled           the sender took it back
    │   │   ├── CircularAsk         A asks B asks A: would wait for itself
    │   │   └── HopLimit            forwarded more often than the limit
    │   └── UnknownOutcome          it may or may not have been processed
    │       ├── AskTimeout          no answer in time
    │       ├── AgentDied           it ended with the message in it: process death, kill
    │       └── Quarantined         its agent's process died in it again and again
    ├── HandlerError                the handler raised; carries type, text and remote traceback
    │   └── HandlerTimeout          it ran past its limit and was cancelled
    └── SystemClosed                used after shutdown

A :class:`Refused` is certain, an :class:`UnknownOutcome` is not: only after the first is it safe to do the
work elsewhere without asking whether it was done. All of them cross processes: they pickle, and travel in
replies as ``(class name, text, details)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shoal.runtime.above import load_errors

if TYPE_CHECKING:
    from shoal.runtime.envelope import Envelope


class ShoalError(Exception):
    """Root of all errors raised by shoal; ``text`` is what a person reads."""

    def __init__(self, text: str = "", **details: Any) -> None:
        super().__init__(text)
        self.text = text
        self.details = details

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.text, self.details)


def _rebuild(kind: type[ShoalError], text: str, details: dict[str, Any]) -> ShoalError:
    return kind(text, **details)


class ConfigError(ShoalError):
    """A setting, a name or a wiring that cannot work. Raised before anything is started."""


class StartError(ShoalError):
    """The system could not start: Ray cannot be reached at the address, a port is in use, ..."""


class SystemClosed(ShoalError):
    """The system was shut down; its refs answer nothing any more."""


class SpawnError(ShoalError):
    """An agent could not be started."""


class NameTaken(SpawnError):
    """Another agent of this system has the name."""


class AgentStartFailed(SpawnError):
    """The agent's constructor or its ``on_start`` raised. ``details['traceback']`` is the remote traceback."""


class MessageError(ShoalError):
    """The message itself is at fault. Nothing was delivered."""


class NotAMessage(MessageError):
    """A value that is neither a Pydantic model nor msgpack-native (never pickled instead)."""


class MessageTooLarge(MessageError):
    """The encoded message is over ``Config.max_message_bytes``."""


class MessageTooDeep(MessageError):
    """The message is nested deeper than msgpack packs, which depends on its version, or contains itself."""


class UnknownMessage(MessageError):
    """The receiver has no handler for this tag, or this process knows no model by it."""


class InvalidMessage(MessageError):
    """The payload does not fit its model; the text names each field."""


class ProtocolError(MessageError):
    """Bytes that are no frame of this protocol. The connection that sent them is closed."""


class DeadIncarnation(ProtocolError):
    """A frame of a host's incarnation after a later one was heard from: it was given up, and must not go on."""


class DeliveryError(ShoalError):
    """A message that did not end in a handler's success; ``envelope`` is that message, where known here."""

    def __init__(self, text: str = "", envelope: Envelope | None = None, **details: Any) -> None:
        super().__init__(text, **details)
        self.envelope = envelope

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.text, {"envelope": self.envelope, **self.details})


class Refused(DeliveryError):
    """Certain: the message was not processed and will not be."""


class AgentNotFound(Refused):
    """No agent has this name in the system."""


class AgentStopped(Refused):
    """The agent was stopped, by whom and why is in the text."""


class MailboxFull(Refused):
    """The mailbox is full and its policy is ``reject`` (or ``drop_oldest`` dropped this one)."""


class Expired(Refused):
    """The message's deadline passed before its handler began."""


class Cancelled(Refused):
    """The sender took the message back, or cancelled while it was handled."""


class CircularAsk(Refused):
    """The asked agent itself waits, up the chain, for the asker: it could never answer. Names the path."""


class HopLimit(Refused):
    """The message was forwarded more often than ``Config.hop_limit``."""


class UnknownOutcome(DeliveryError):
    """The message may or may not have been processed."""


class AskTimeout(UnknownOutcome):
    """No answer came in time. The handler may still be running; a cancellation was sent after it."""


class AgentDied(UnknownOutcome):
    """The agent ended with the message in it: its process died, or it was killed or cut off while handling."""


class Quarantined(UnknownOutcome):
    """The agent's process died each of several times while it handled this message, which is not tried again."""


class HandlerError(ShoalError):
    """The handler raised. ``details``: ``type`` (qualified name), ``traceback`` (remote), ``agent``."""

    @property
    def cause(self) -> ShoalError | None:
        """What was raised, as an object, where that was an error of shoal's or of a subclass that is loaded here."""
        packed = self.details.get("cause")
        if not isinstance(packed, bytes):
            return None
        from shoal.runtime.failure import unpack_error  # noqa: PLC0415 - that module is about these classes

        return unpack_error(packed)


class HandlerTimeout(HandlerError):
    """The handler ran past its limit and was cancelled."""


def error_classes() -> dict[str, type[ShoalError]]:
    """All error classes by name, for replies that cross a process; a user's class of the same name is not meant."""
    found: dict[str, type[ShoalError]] = {}
    queue: list[type[ShoalError]] = [ShoalError]
    while queue:
        kind = queue.pop()
        if kind.__name__ not in found or kind.__module__.startswith("shoal."):
            found[kind.__name__] = kind
        queue.extend(kind.__subclasses__())
    return found


def error_class(name: str) -> type[ShoalError]:
    """The class of an error that another process or an earlier one raised; :class:`ShoalError` for one unknown here."""
    found = error_classes().get(name)
    if found is None or not found.__module__.startswith("shoal."):  # ours of that name may not be loaded
        load_errors()
        found = error_classes().get(name, ShoalError)
    return found
