"""Requests to addresses that a tenant or a plugin chose (OWASP ASVS 1.3.6).

Where a name leads is judged on the resolved address, in the moment of connecting to that very
address: a second look-up could answer differently. A bare connection pool is used rather than a
full client, because what that adds is what must not be here: redirects, cookies that one tenant
leaves for the next, proxies from the environment, and decompression of what is small on the wire.

All of a process shares one pool. Of its connections one tenant, and one host, has a small part:
who waits for a host that does not answer keeps nobody else waiting.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import cached_property, lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import httpcore2

from authgate.plugin_api import HttpFailure, HttpResponse, NoConnection
from authgate.plugin_manager.shares import Shares, plugin_works_for
from authgate.settings import EgressSettings
from authgate_tenants.scope import tenant_in_scope

Network = IPv4Network | IPv6Network

_WHOLE_SECONDS = 5.0
_CONNECT_SECONDS = 3.0
_BODY_LIMIT = 1_000_000
_CONNECTIONS = 256
_OF_ONE_HOST = 32
_OF_ONE_TENANT = 16
_OURS = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding"})

_NOWHERE = "The name leads to no address that may be reached."
"""Also where there is no such name: a tenant does not learn which there are inside."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits
_NOT_PUBLIC = (  # what Python's own list calls public, or did until lately
    IPv4Network("192.0.0.0/24"),  # IETF protocol assignments
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
    IPv6Network("2002::/16"),  # 6to4: an IPv4 address inside
    IPv6Network("3fff::/20"),  # documentation
)


class GuardedHttp:
    """The ``HttpClient`` that plugins get: https to public addresses, one small answer each.

    ``allowed_networks`` may be reached although they are not public: a company's own GitHub
    Enterprise, say. Open it before use, as an async context manager.
    """

    def __init__(
        self,
        *,
        allowed_networks: Collection[Network] = (),
        authorities: Path | None = None,
    ) -> None:
        self._authorities = authorities
        self.network = GuardedNetwork(tuple(allowed_networks))
        """Connects to what may be reached."""
        self._tenants = Shares(_OF_ONE_TENANT)
        self._hosts = Shares(_OF_ONE_HOST)

    @classmethod
    def of(cls, settings: EgressSettings) -> Self:
        """As the installation has it."""
        allowed = [ip_network(each) for each in settings.allowed_networks]
        return cls(allowed_networks=allowed, authorities=settings.ca_file)

    @cached_property
    def _pool(self) -> httpcore2.AsyncConnectionPool:
        # Made when something is asked: a command that asks nothing reads no authorities.
        return httpcore2.AsyncConnectionPool(
            ssl_context=self.tls_context,
            max_connections=_CONNECTIONS,
            max_keepalive_connections=20,
            keepalive_expiry=30.0,
            network_backend=self.network,
        )

    @property
    def tls_context(self) -> ssl.SSLContext:
        """What verifies certificates."""
        return tls_context(self._authorities)

    @asynccontextmanager
    async def places(self, host: str) -> AsyncIterator[None]:
        """Wait for a place among what the tenant has under way, and the host."""
        async with self._tenants.place(_whose()), self._hosts.place(host):
            yield

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        if "_pool" in vars(self):
            await self._pool.aclose()

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """Ask for a resource. Raises ``HttpFailure``."""
        return await self._ask("GET", url, headers or {}, None)

    async def post(
        self, url: str, *, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> HttpResponse:
        """Send a form. Raises ``HttpFailure``."""
        typed = {"content-type": "application/x-www-form-urlencoded"} | dict(headers or {})
        return await self._ask("POST", url, typed, urlencode(form).encode("ascii"))

    async def post_bytes(
        self,
        url: str,
        *,
        content: bytes,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Send these very bytes. Raises ``HttpFailure``."""
        return await self._ask(
            "POST", url, {**(headers or {}), "content-type": content_type}, content
        )

    async def put_bytes(
        self,
        url: str,
        *,
        content: bytes,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Have these very bytes be there. Raises ``HttpFailure``."""
        return await self._ask(
            "PUT", url, {**(headers or {}), "content-type": content_type}, content
        )

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> HttpResponse:
        _check_url(url)
        sent = _checked_headers(headers)
        try:
            async with (
                asyncio.timeout(_WHOLE_SECONDS),
                self.places(urlsplit(url).netloc),
                self._pool.stream(
                    method,
                    url,
                    headers=sent,
                    content=content,
                    extensions={"timeout": {"connect": _CONNECT_SECONDS}},
                ) as answer,
            ):
                return await _whole(answer)
        except TimeoutError as error:
            raise HttpFailure(f"No whole answer within {_WHOLE_SECONDS:g} seconds.") from error
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
            raise NoConnection("The request failed.") from error
        except (
            httpcore2.NetworkError,
            httpcore2.TimeoutException,
            httpcore2.ProtocolError,
            OSError,
        ) as error:
            raise HttpFailure("The request failed.") from error


@lru_cache(maxsize=2)
def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """What believes these authorities, or the system's."""
    # To read all authorities takes longer than a request.
    return ssl.create_default_context(cafile=ca_file)


class GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects to what the name resolves to, if every one of its addresses may be reached."""

    def __init__(self, allowed: tuple[Network, ...]) -> None:
        self._allowed = allowed
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the signature of the library
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        failure: Exception = HttpFailure(_NOWHERE)
        for address in await addresses(host, port, allowed=self._allowed):
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109  # the signature of the library
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        raise HttpFailure("No request leaves through a socket file.")


async def addresses(host: str, port: int, *, allowed: Collection[Network]) -> list[str]:
    """What a name resolves to at this moment: to be connected to, and not to be asked again.

    Raises ``HttpFailure`` where one of them may not be reached.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise HttpFailure(_NOWHERE) from error
    resolved = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in resolved:
        if not may_be_reached(address, allowed=allowed):
            raise HttpFailure(_NOWHERE)
    return resolved


def may_be_reached(address: str, *, allowed: Collection[Network] = ()) -> bool:
    """Whether an address is public, or in one of the allowed networks."""
    real = _unwrapped(ip_address(address))
    if any(real.version == network.version and real in network for network in allowed):
        return True
    if real.is_multicast or not real.is_global:
        return False
    if isinstance(real, IPv6Address) and real not in _GLOBAL_UNICAST:
        return False
    return not any(real in network for network in _NOT_PUBLIC)


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address


def _whose() -> UUID | None:
    tenant = tenant_in_scope()
    return tenant.id if tenant else plugin_works_for.get()


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" and parts.hostname and parts.port != 0
    except ValueError as error:
        raise HttpFailure("This is no URL.") from error
    if not usable or "@" in parts.netloc or not url.isascii() or not url.isprintable():
        raise HttpFailure("Only https URLs without a user name are asked.")


def _checked_headers(headers: Mapping[str, str]) -> list[tuple[bytes | str, bytes | str]]:
    if any(name.lower() in _OURS for name in headers):
        raise HttpFailure("A header that is the server's own.")
    return [("accept-encoding", "identity"), ("user-agent", "AuthGate"), *headers.items()]


async def _whole(answer: httpcore2.Response) -> HttpResponse:
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers
    }
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise HttpFailure("The answer is compressed although that was not asked for.")
    body = bytearray()
    async for part in answer.aiter_stream():
        body += part
        if len(body) > _BODY_LIMIT:
            raise HttpFailure(f"The answer is larger than {_BODY_LIMIT} bytes.")
    return HttpResponse(
        status=answer.status, headers=headers, body=bytes(body), is_public=_is_from_public(answer)
    )


def _is_from_public(answer: httpcore2.Response) -> bool:
    stream = answer.extensions.get("network_stream")
    peer = stream.get_extra_info("server_addr") if stream is not None else None
    return peer is not None and may_be_reached(str(peer[0]).partition("%")[0])
