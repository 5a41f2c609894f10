"""Numbers that come from elsewhere: whole numbers and seconds, checked before anything is done with them.

A ``bool`` is no number here, NaN is no time. Comparing comes before converting: ``float(10**400)`` raises.
"""

from __future__ import annotations

from typing import Final

from shoal.blackboard.errors import InvalidOperation
from shoal.blackboard.store.limits import YEAR_S

_SHOWN: Final = 60
_INT64: Final = 2**63
_MOST: Final = 2**64 - 1
"""The highest that travels."""


def check_whole(value: object, what: str, least: int = 0, most: int = _MOST) -> None:
    """Refuse what is no whole number from ``least`` to ``most``. Raises :class:`InvalidOperation`."""
    if type(value) is not int:
        raise InvalidOperation(f"{what} is a whole number, not {shown(value)}")
    if not least <= value <= most:
        raise InvalidOperation(f"{what} is from {least} to {most}, not {shown(value)}")


def check_seconds(value: object, what: str, *, zero: bool = False) -> None:
    """Refuse what is no time span: more than 0 (or 0, with ``zero``) and up to a year."""
    if type(value) is not float and type(value) is not int:
        raise InvalidOperation(f"{what} is a number of seconds, not {shown(value)}")
    if not (0 < value <= YEAR_S or (zero and value == 0)):
        bound = "from 0" if zero else "more than 0"
        raise InvalidOperation(f"{what} is {bound} and up to {YEAR_S:.0f} seconds, not {shown(value)}")


def shown(value: object) -> str:
    """A value as an error's text shows it: short and plain ASCII, whatever it is."""
    if type(value) is str or type(value) is bytes:
        text = ascii(value[:_SHOWN])
        return text if len(value) <= _SHOWN else f"{text}..."
    if value is None or type(value) is bool or type(value) is float:
        return repr(value)
    if type(value) is int and -_INT64 <= value < _INT64:
        return repr(value)
    return f"a value of type {type(value).__name__[:_SHOWN]}"
