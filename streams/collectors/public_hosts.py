"""Which hosts may be asked: addresses in untrusted documents must not lead into the operator's own network.

What the operator names in the settings is trusted, and not looked at.
"""

import ipaddress
import socket
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

__all__ = ["HostRefusedError", "PublicResolver", "check_url", "place_of"]

_PORTS: Final = frozenset({443, None})


class HostRefusedError(OSError):
    """An address that nobody outside should lead us to."""


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses alone, but for what is `trusted` (`HOST:PORT`). Raises `HostRefusedError`."""

    def __init__(self, trusted: frozenset[str]) -> None:
        self._trusted = trusted
        self._resolver = DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host; one private address among them, and none is used."""
        found = await self._resolver.resolve(host, port, family)
        if f"{host}:{port}" not in self._trusted and not all(_is_public(each["host"]) for each in found):
            raise HostRefusedError(f"{host} leads to an address that is not public")
        return found

    async def close(self) -> None:
        """Close what resolves."""
        await self._resolver.close()


def place_of(url: str) -> str:
    """`HOST:PORT` of an address that the operator gives, as what is trusted is named. Raises `ValueError`."""
    parsed = URL(url)
    return f"{parsed.host}:{parsed.port}"


def check_url(url: URL, trusted: frozenset[str]) -> None:
    """Raises `HostRefusedError` for what is not `https` at its usual port with a public host, unless it is trusted
    (`HOST:PORT`).

    aiohttp asks no resolver for an address that is written as a number: it is looked at here.
    """
    host = url.host or ""
    if f"{host}:{url.port}" in trusted:
        if url.scheme in ("http", "https"):
            return
        raise HostRefusedError(f"{url.scheme}: is not spoken")
    if url.scheme != "https" or url.explicit_port not in _PORTS or not host:
        raise HostRefusedError("an address that is not https at port 443")
    if url.user is not None or url.password is not None:
        raise HostRefusedError("an address with credentials")
    if _is_number(host) and not _is_public(host):
        raise HostRefusedError(f"{host} is not public")


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _is_public(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    parsed = parsed if mapped is None else mapped
    return parsed.is_global and not parsed.is_multicast
