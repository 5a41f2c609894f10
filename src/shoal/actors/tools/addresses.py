"""Which network addresses a tool may reach: none that are private, of this machine, or of its cloud, unless allowed.

A name is resolved once, each of its addresses is looked at, and the connection then goes to one that was: a second
look-up could answer something else (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a host."""


async def resolve(host: str, port: int) -> list[str]:
    """What this machine's resolver says. Raises ``OSError``."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Whether an address is of the open internet; what cannot be read is not."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        # Addresses that stand for one of IPv4 are as public as that.
        inside = ip.ipv4_mapped or ip.sixtofour or _nat64(ip)
        if inside is not None:
            return is_public(str(inside))
        if ip.teredo is not None:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def _nat64(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return None
