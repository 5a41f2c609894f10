"""What a tool may be called: what every endpoint takes as a function's name."""

from __future__ import annotations

import re
from typing import Any

from shoal.runtime.errors import ConfigError

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def check_tool_name(name: Any) -> str:
    """The name itself when a tool can have it. Raises ``ConfigError``."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} cannot name a tool: models are told it, and endpoints take 1 to 64 letters, digits, _ and -"
        )
    return name


def tool_name_of(text: str) -> str:
    """The tool name nearest to a text, such as an address: what a name cannot have becomes ``_``."""
    return check_tool_name(re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_")[:64])
