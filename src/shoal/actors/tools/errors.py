"""What keeps a tool from being called.

::

    ShoalError
    └── ToolError                   carries ``tool`` and ``agent``
        ├── ToolUnknown             the model named a tool that is not there; lists those that are
        ├── ToolNotGranted          the agent may not use it
        ├── BadArguments            broken JSON, or they do not fit; names each field
        ├── OriginRefused           an argument comes from where the tool accepts none; names the argument and source
        ├── ApprovalRefused         a person said no, or nobody said anything in time
        ├── ToolChanged             a server describes it otherwise than when it was approved
        └── ToolFailed              it raised or took too long; carries ``type``
"""

from __future__ import annotations

from shoal.runtime.errors import ShoalError


class ToolError(ShoalError):
    """A tool call that gave no result."""


class ToolUnknown(ToolError):
    """There is no such tool here; the text lists those there are."""


class ToolNotGranted(ToolError):
    """The agent was not granted this tool."""


class BadArguments(ToolError):
    """The arguments are no JSON object, or do not fit; the text names each field."""


class OriginRefused(ToolError):
    """An argument's origin is worse than what the tool accepts."""


class ApprovalRefused(ToolError):
    """Nobody approved the call: a person refused it, or the time for it ran out."""


class ToolChanged(ToolError):
    """What a server says of the tool is not what was approved; it is not called until somebody approves it anew."""


class ToolFailed(ToolError):
    """The tool raised or took too long; ``details['type']`` is the exception's class."""
