"""Which network addresses are public: what a web page of somebody else may make us connect to, and what not."""

from __future__ import annotations

import ipaddress
import socket

from quoth.errors import DocumentError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Addresses of IPv4 inside those of IPv6 (RFC 6052): gateways lead from the one to the other.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def resolve(host: str, port: int, allow_private: bool = False) -> list[str]:
    """The addresses of a host that may be connected to, as text, in the system's order.

    All spellings of an address (decimal, octal, short) are the system's to read; what it reads is checked.

    Raises:
        DocumentError: there is no such host, or none of its addresses is public.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DocumentError(f"there is no host {host!r} ({error})", "check the spelling and the network") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    allowed = [address for address in addresses if allow_private or is_public(parse(address))]
    if not allowed:
        cause = f"the host {host} is at {addresses[0]}, which is no public address"
        raise DocumentError(cause, "if you trust it, allow private addresses (--allow-private)")
    return allowed


def parse(text: str) -> Address:
    """An address from text; the zone of a link-local one is left out."""
    return ipaddress.ip_address(text.partition("%")[0])


def is_public(address: Address) -> bool:
    """Whether an address is one of the public Internet, and so is the one of IPv4 that it may hold."""
    inner = _inside(address)
    if inner is not None:
        return is_public(inner)
    return address.is_global and not (address.is_multicast or address.is_reserved or _is_site_local(address))


def _inside(address: Address) -> ipaddress.IPv4Address | None:
    """The address of IPv4 that a mapped, translated or tunnelled one of IPv6 leads to."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def _is_site_local(address: Address) -> bool:
    return isinstance(address, ipaddress.IPv6Address) and address.is_site_local
