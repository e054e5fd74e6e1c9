"""Addresses, told apart by who can reach them."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network

_MAPPED = IPv6Network("::ffff:0:0/96")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by a name that nobody else can use."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_local(url: str) -> bool:
    """Whether what a URL leads to is on this machine: at a loopback address, or a socket."""
    host = urlsplit(url).hostname
    return host is None or is_loopback(host)


def network(text: str) -> Network:
    """An address or a network; as IPv4 where it is one. Raises ``ValueError``."""
    found = ip_network(text, strict=False)
    if isinstance(found, IPv6Network) and found.subnet_of(_MAPPED):
        return ip_network((int(found.network_address) & 0xFFFFFFFF, found.prefixlen - 96))
    return found
