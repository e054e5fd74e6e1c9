"""How the installation is reached: its address, the proxies in front, the networks behind."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from urllib.parse import urlsplit

from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, Severity
from authgate.diagnosis.network import Network, is_local, network
from authgate.settings import Settings

PLAIN_HTTP = Misconfiguration(
    code="plain-http",
    area=Area.ADDRESS,
    wrong="`base_url` is http: off this machine, or in the `prod` profile.",
    why="Passwords, cookies and tokens can be read and changed on their way, and browsers send"
    " cookies without `Secure`.",
    cure="Serve https, set `base_url` to it, and set `profile` to `prod`.",
    refused=True,
)
OTHER_PORT = Misconfiguration(
    code="other-port",
    severity=Severity.WARNING,
    area=Area.ADDRESS,
    wrong="`base_url` names another port than the server listens on, and there is no proxy.",
    why="Every address that is given out, and the issuer itself, leads to nobody.",
    cure="Set `base_url` to the address that browsers use.",
)
EVERY_PROXY_TRUSTED = Misconfiguration(
    code="every-proxy-trusted",
    area=Area.ADDRESS,
    wrong="`server.trusted_proxies` holds a network in which strangers are.",
    why="Whoever comes from it says in `X-Forwarded-For` who they are: limits count addresses that"
    " do not exist, and the audit log holds them.",
    cure="Name the addresses of your proxies alone in `server.trusted_proxies`.",
    refused=True,
)
NO_PROXY_TRUSTED = Misconfiguration(
    code="no-proxy-trusted",
    severity=Severity.WARNING,
    area=Area.ADDRESS,
    wrong="A proxy ends TLS, since the server has no certificate, and no proxy is trusted.",
    why="Everybody comes from the proxy's address: one limit holds for all of them together, and"
    " the audit log cannot tell them apart.",
    cure="Name the proxy's address in `server.trusted_proxies`, or let the server end TLS itself"
    " with `server.certificate_file`.",
)
EGRESS_INSIDE = Misconfiguration(
    code="egress-inside",
    area=Area.ADDRESS,
    wrong="`egress.allowed_networks` holds this machine, the cloud's metadata, or everything.",
    why="A tenant chooses where we send requests for its connections, and could have us ask what"
    " only this machine may ask, such as for the machine's own credentials.",
    cure="Name in `egress.allowed_networks` the network of the identity provider alone.",
    refused=True,
)

_BROADEST = {4: 8, 6: 16}
"""Prefix of the broadest network of public addresses that one operator of proxies may have."""

_INSIDE = tuple(
    map(network, ("127.0.0.0/8", "::1", "169.254.0.0/16", "fe80::/10", "fd00:ec2::254"))
)
"""Loopback, link-local, and where clouds answer for a machine's credentials."""


def findings(settings: Settings) -> Iterator[Finding]:
    """What the settings tell, with nobody asked."""
    yield from _base_url(settings)
    yield from _proxies(settings)
    for text in settings.egress.allowed_networks:
        if _leads_inside(network(text)):
            yield EGRESS_INSIDE.found(f"{text} in egress.allowed_networks")


def _base_url(settings: Settings) -> Iterator[Finding]:
    url, server = urlsplit(settings.base_url), settings.server
    if url.scheme == "https":
        return
    if settings.profile == "prod" or not is_local(settings.base_url):
        yield PLAIN_HTTP.found(f"{settings.base_url}, profile {settings.profile}")
    elif (url.port or 80) != server.port and not server.trusted_proxies:
        found = f"{settings.base_url}, but the server listens on port {server.port}"
        yield OTHER_PORT.found(found)


def _proxies(settings: Settings) -> Iterator[Finding]:
    server = settings.server
    for text in server.trusted_proxies:
        trusted = network(text)
        if not trusted.is_private and trusted.prefixlen < _BROADEST[trusted.version]:
            yield EVERY_PROXY_TRUSTED.found(f"{text} in server.trusted_proxies")
    ends_tls = server.certificate_file is not None or not settings.base_url.startswith("https:")
    if settings.profile == "prod" and not (ends_tls or server.trusted_proxies):
        yield NO_PROXY_TRUSTED.found("server.trusted_proxies is empty")


def _leads_inside(allowed: Network) -> bool:
    if isinstance(allowed, IPv4Network):
        return any(allowed.overlaps(each) for each in _INSIDE if isinstance(each, IPv4Network))
    return any(allowed.overlaps(each) for each in _INSIDE if not isinstance(each, IPv4Network))
