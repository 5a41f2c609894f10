"""An MCP server as data: how to reach it, and what of it may be used."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shoal.runtime.config import describe_invalid
from shoal.runtime.errors import ConfigError
from shoal.runtime.provenance import Origin

Names = tuple[str, ...] | Literal["*"]


class Reached(BaseModel):
    """How a server is reached. Agents of a process that reach one in the same way share a session."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: tuple[str, ...] = ()
    """Program and arguments of a server that is started, and spoken to through its standard input and output."""
    url: str = ""
    """Of one that runs, spoken to by streamable HTTP."""
    cwd: str = ""
    """Where the command is started; empty: where the agent's process is."""
    environment: tuple[str, ...] = ()
    """Names of variables that the command is given, beside those that any program needs. No other secret reaches it."""
    headers: tuple[tuple[str, str], ...] = ()
    """For a URL: header, and name of the variable that holds its value. The value itself is kept nowhere."""
    log_file: str = ""
    """What the command writes to its standard error is appended there; empty: thrown away."""
    start_timeout_s: float = Field(default=30.0, gt=0)


class McpServer(Reached):
    """A server, and which of its tools are used: none that is not named."""

    tools: Names = ()
    """Their names as the server says them; ``"*"``: whatever it has."""
    prefix: str = ""
    """Before each name as the model sees it, so that two servers' tools can be told apart."""
    pins: tuple[tuple[str, str], ...] = ()
    """Name and :attr:`McpTool.digest` of tools approved earlier: one that is described otherwise now is refused."""
    consequential: Names = ()
    """Those of the tools that a person has to approve each call of."""
    accepts: Origin = Origin.WEB
    """The worst origin that their arguments may have."""
    gives: Origin = Origin.WEB
    """The origin of their results."""
    timeout_s: float | None = Field(default=60.0, gt=0)
    """Of one call."""
    once: bool = True
    """Whether a finished call is recorded, and not made again when its message is handled again."""
    recheck_s: float = Field(default=30.0, ge=0)
    """How old the server's list of tools may be when one is called; 0: it is asked before each call."""

    def __init__(self, **settings: Any) -> None:
        """Raises ``ConfigError`` naming what is wrong."""
        for field in ("pins", "headers"):
            if isinstance(settings.get(field), dict):
                settings[field] = tuple(settings[field].items())
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise ConfigError(describe_invalid("an MCP server", error)) from error

    @model_validator(mode="after")
    def _one_way(self) -> McpServer:
        if bool(self.command) == bool(self.url):
            raise ValueError("give either command or url")
        if self.url and urlsplit(self.url).scheme not in ("http", "https"):
            raise ValueError(f"url is {self.url!r}; it must begin with https:// or http://")
        if (self.headers and not self.url) or ((self.environment or self.cwd or self.log_file) and self.url):
            raise ValueError("headers are for a url; environment, cwd and log_file for a command")
        if not self.tools:
            raise ValueError(
                'name the tools that may be used, tools=("search",), or say tools="*" for all it has'
            )
        return self

    @property
    def reached(self) -> Reached:
        """The part that says how it is reached."""
        return Reached(**{name: getattr(self, name) for name in Reached.model_fields})

    def uses(self, name: str) -> bool:
        """Whether this tool of the server may be used."""
        return self.tools == "*" or name in self.tools

    def __str__(self) -> str:
        return named(self)


def named(server: Reached) -> str:
    """How a server is called in errors: without the arguments, or the query, that may hold a secret."""
    if server.command:
        return f"the MCP server {server.command[0]}"
    parts = urlsplit(server.url)
    return f"the MCP server {parts.scheme}://{parts.hostname}{parts.path}"
