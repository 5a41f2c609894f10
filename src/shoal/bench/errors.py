"""What a benchmark raises.

::

    ShoalError
    └── BenchError
        ├── UnknownRow       no row of that name; names the ones that are near
        ├── UnknownSide      no side of that name
        ├── CannotMeasure    settings that measure nothing: no rounds, no time, no side for any row
        ├── CannotTakePart   a side needs what this machine has not: a server, a package
        ├── Miscounted       a side handled another number of messages than it was given
        └── SideTimedOut     a side did not finish in its limit
"""

from __future__ import annotations

import difflib
from collections.abc import Collection

from shoal.runtime.errors import ShoalError


class BenchError(ShoalError):
    """Root of what goes wrong while measuring."""


class UnknownRow(BenchError):
    """Raised before anything is started when a row of that name does not exist."""


class UnknownSide(BenchError):
    """Raised before anything is started when a side of that name does not exist."""


class CannotMeasure(BenchError):
    """Raised before anything is started when the settings leave nothing to measure."""


class CannotTakePart(BenchError):
    """Raised by a side in its setup when this machine lacks what it needs. It is left out of the row, with this as its
    reason; that is no failure."""


class Miscounted(BenchError):
    """A side did other work than it was asked for, so its time says nothing."""


class SideTimedOut(BenchError):
    """A side did not finish setting up, a run or tearing down in its limit."""


def nearest(name: str, known: Collection[str]) -> str:
    """A sentence that helps whoever wrote ``name``: the nearest of ``known``, and all of them."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return f"{hint}There are: {', '.join(known)}."
