"""A tool that fetches pages from hosts that are listed, and from no others.

Each request, also that after a redirect, is checked anew: scheme, host, port, and the address it then goes to. No
proxies, cookies or credentials are used. Bodies are read as they come, up to a limit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import SplitResult, urljoin, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from shoal.actors.tools.addresses import Resolve, is_public, resolve
from shoal.actors.tools.function_tool import FunctionTool, tool
from shoal.runtime.codec import message
from shoal.runtime.errors import ConfigError
from shoal.runtime.provenance import Origin

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

_REDIRECTS = 5
_TEXTUAL = ("text/", "application/json", "application/xml", "application/xhtml", "application/javascript")


@message("shoal.Page")
class Page(BaseModel):
    """What came."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    """Where it is from in the end."""
    status: int
    text: str
    cut: bool = False
    """Whether there was more than the limit."""


def http_get(
    hosts: Iterable[str],
    *,
    private: bool = False,
    http: bool = False,
    max_bytes: int = 1_000_000,
    timeout_s: float = 20.0,
    name: str = "http_get",
    resolver: Resolve = resolve,
) -> FunctionTool:
    """A tool that fetches texts from ``hosts``, each named in full or with its port (``docs.example.org``,
    ``localhost:8000``).

    ``private`` allows addresses that are not of the open internet, ``http`` unencrypted ones. What it gives is of
    ``Origin.WEB``. Raises ``ConfigError`` when no host is listed.
    """
    listed = frozenset(host.lower() for host in hosts)
    if not listed or any(not _is_host(host) for host in listed):
        raise ConfigError(
            f"http_get: hosts are {sorted(listed)}; list each in full, without scheme, path or *"
        )
    if max_bytes < 1:
        raise ConfigError(f"http_get: max_bytes is {max_bytes}; it must be at least 1")
    fetcher = _Fetcher(
        listed, private, ("https", "http") if http else ("https",), max_bytes, timeout_s, resolver
    )

    async def fetch(url: Annotated[str, Field(description="In full, with its scheme")]) -> Page:
        return await fetcher.get(url)

    return tool(
        fetch,
        name=name,
        description=f"Fetch a text from the web. Hosts that can be reached: {', '.join(sorted(listed))}.",
        gives=Origin.WEB,
        timeout_s=timeout_s,
    )


class _Fetcher:
    """Fetches from listed hosts. Raises ``ValueError`` for what is not allowed."""

    def __init__(
        self,
        hosts: frozenset[str],
        private: bool,
        schemes: tuple[str, ...],
        max_bytes: int,
        timeout_s: float,
        resolver: Resolve,
    ) -> None:
        self._hosts = hosts
        self._private = private
        self._schemes = schemes
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._resolve = resolver

    async def get(self, url: str) -> Page:
        import httpx2  # noqa: PLC0415 - comes with openai, and takes 0.1 s that most agents need not spend

        # Not from the environment: a proxy would connect to what was not looked at here.
        async with httpx2.AsyncClient(trust_env=False, timeout=self._timeout_s) as client:
            for _ in range(_REDIRECTS + 1):
                found = await self._one(client, url)
                if isinstance(found, Page):
                    return found
                url = found
        raise ValueError(f"more than {_REDIRECTS} redirects")

    async def _one(self, client: AsyncClient, url: str) -> Page | str:
        """A page, or where it is instead."""
        parts = self._allowed(url)
        host, port = parts.hostname or "", parts.port or _port_of(parts)
        address = await self._address(host, port)
        # Its own address in place of the name: the name is told in the header, and to TLS, which checks it.
        target = parts._replace(netloc=f"{_bracketed(address)}:{port}", fragment="").geturl()
        shown = _bracketed(host) + ("" if parts.port is None else f":{port}")
        request = client.build_request(
            "GET",
            target,
            headers={"Host": shown, "Accept-Encoding": "identity", "Accept": "text/*, application/json"},
            extensions={**_timeouts(client), "sni_hostname": host},
        )
        response = await client.send(request, stream=True, follow_redirects=False)
        try:
            if response.is_redirect and (location := response.headers.get("location")):
                return urljoin(url, location)
            return await self._page(response, url)
        finally:
            await response.aclose()

    async def _page(self, response: Response, url: str) -> Page:
        kind = response.headers.get("content-type", "text/plain").lower()
        if not kind.startswith(_TEXTUAL) and "+json" not in kind and "+xml" not in kind:
            raise ValueError(f"{url} is {kind}, no text")
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise ValueError(f"{url} came compressed, which was not asked for: it could be of any size")
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > self._max_bytes:
                break
        text = bytes(body[: self._max_bytes]).decode(_charset(response), errors="replace")
        return Page(url=url, status=response.status_code, text=text, cut=len(body) > self._max_bytes)

    def _allowed(self, url: str) -> SplitResult:
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError as error:
            raise ValueError(f"{url!r} is no URL: {error}") from None
        if parts.scheme not in self._schemes:
            raise ValueError(f"{url!r}: only {' and '.join(self._schemes)} can be fetched")
        if parts.username is not None or parts.password is not None:
            raise ValueError("a URL with a user's name or password in it is not fetched")
        named = host if port in (None, _port_of(parts)) else f"{host}:{port}"
        if named not in self._hosts and f"{host}:{port or _port_of(parts)}" not in self._hosts:
            raise ValueError(
                f"{named} is not among the hosts that can be reached: {', '.join(sorted(self._hosts))}"
            )
        return parts

    async def _address(self, host: str, port: int) -> str:
        """One of the host's addresses; all of them are looked at."""
        addresses = await self._resolve(host, port)
        if not addresses:
            raise ValueError(f"{host} has no address")
        if not self._private and (hidden := [one for one in addresses if not is_public(one)]):
            raise ValueError(f"{host} is at {hidden[0]}, which is no address of the open internet")
        return addresses[0]


def _is_host(host: str) -> bool:
    try:
        parts = urlsplit(f"//{host}")
        return (
            bool(parts.hostname)
            and parts.netloc == host
            and "@" not in host
            and "*" not in host
            and parts.port != 0
        )
    except ValueError:
        return False


def _port_of(parts: SplitResult) -> int:
    return 443 if parts.scheme == "https" else 80


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _timeouts(client: AsyncClient) -> dict[str, Any]:
    return {"timeout": client.timeout.as_dict()}


def _charset(response: Response) -> str:
    try:
        "".encode(response.charset_encoding or "utf-8")
    except LookupError:
        return "utf-8"
    return response.charset_encoding or "utf-8"
