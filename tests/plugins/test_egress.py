"""Where requests of plugins may go, and how much of an answer is read (ASVS 1.3.6)."""

import asyncio
import socket
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

import pytest

from authgate.plugin_api import HttpFailure
from authgate.plugin_manager import GuardedHttp
from authgate.plugin_manager.egress import may_be_reached
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_tenants.scope import TenantStatus
from authgate_testing.pretend_host import Answer, Asked

REFUSED = [
    *("127.0.0.1", "127.255.255.254", "0.0.0.1", "0.1.2.3", "10.0.0.1", "172.16.0.1"),
    *("172.31.255.255", "192.168.1.1", "169.254.169.254", "169.254.0.1", "100.64.0.1"),
    *("192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1"),
    *("239.255.255.250", "240.0.0.1", "255.255.255.255", "192.88.99.1"),
    *("::1", "::", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2001::1"),
    *("2001:db8::1", "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1"),
    *("5f00::1", "100::1"),
]

WRITTEN_OTHERWISE = [
    *("2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "0", "localhost"),
    *("127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),
]


@pytest.mark.parametrize("address", REFUSED)
def test_ss_01_an_address_that_is_not_public_may_not_be_reached(address: str) -> None:
    assert not may_be_reached(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "140.82.121.3", "2606:50c0:8000::64"])
def test_a_public_address_may_be_reached(address: str) -> None:
    assert may_be_reached(address)


def test_an_allowed_network_may_be_reached_however_its_address_is_wrapped() -> None:
    allowed = [ip_network("10.1.0.0/16")]
    assert may_be_reached("10.1.2.3", allowed=allowed)
    assert may_be_reached("::ffff:10.1.2.3", allowed=allowed)
    assert not may_be_reached("10.2.2.3", allowed=allowed)


@pytest.mark.parametrize("written", WRITTEN_OTHERWISE)
async def test_ss_01_pl_06_however_loopback_is_written_nothing_connects(
    host: Any, written: str
) -> None:
    async with GuardedHttp() as guarded:
        with pytest.raises(HttpFailure):
            await guarded.get(f"https://{written}:{host.port}/")
    assert not host.asked


async def test_ss_02_the_address_that_was_judged_is_the_one_that_is_connected_to(
    host: Any, http: GuardedHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers each look-up differently is asked once."""
    answers = iter(["127.0.0.1", "169.254.169.254"])

    def resolve(name: str, port: int, *_: object, **__: object) -> list[Any]:
        found = next(answers) if name == "localhost" else name
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert (await http.get(f"https://{host.name}/")).ok
    assert next(answers) == "169.254.169.254"


async def test_ss_02_one_inner_address_among_the_answers_is_enough_to_refuse(
    host: Any, certificate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(name: str, port: int, *_: object, **__: object) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))
            for found in ("127.0.0.1", "10.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    allowed = [ip_network("127.0.0.0/8")]
    async with GuardedHttp(allowed_networks=allowed, authorities=certificate[0]) as guarded:
        with pytest.raises(HttpFailure, match="no address that may be reached"):
            await guarded.get(f"https://{host.name}/")
    assert not host.asked


async def test_ss_03_a_redirect_is_an_answer_and_is_not_followed(
    host: Any, http: GuardedHttp
) -> None:
    host.says(status=302, headers={"location": "https://127.0.0.1/inner"})
    assert (await http.get(f"https://{host.name}/")).status == 302
    assert len(host.asked) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "//example.com/",
        "https:///path",
        "https://[",
        "https://user:pw@example.com/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com/\r\nHost: inner",
        "https://exämple.com/",
        "",
    ],
)
async def test_ss_03_ss_12_only_https_addresses_without_a_user_are_asked(url: str) -> None:
    async with GuardedHttp() as guarded:
        with pytest.raises(HttpFailure, match=r"Only https|no URL"):
            await guarded.get(url)


@pytest.mark.parametrize(
    "headers", [{"Host": "inner"}, {"Transfer-Encoding": "chunked"}, {"X-A": "b\r\nHost: inner"}]
)
async def test_a_plugin_cannot_write_the_servers_own_headers(
    host: Any, http: GuardedHttp, headers: dict[str, str]
) -> None:
    with pytest.raises(HttpFailure):
        await http.get(f"https://{host.name}/", headers=headers)
    assert not host.asked


async def test_ss_04_an_endless_answer_is_cut_off(host: Any, http: GuardedHttp) -> None:
    host.says(never_ends=True, body=b"x" * 65536)
    with pytest.raises(HttpFailure, match="larger than"):
        await http.get(f"https://{host.name}/")


async def test_ss_04_a_compressed_answer_is_not_unpacked(host: Any, http: GuardedHttp) -> None:
    host.says(headers={"content-encoding": "gzip"})
    with pytest.raises(HttpFailure, match="compressed"):
        await http.get(f"https://{host.name}/")
    assert host.asked[0].headers["accept-encoding"] == "identity"


async def test_ss_04_a_slow_answer_is_given_up(
    host: Any, http: GuardedHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("authgate.plugin_manager.egress._WHOLE_SECONDS", 0.2)
    host.says(never_ends=True, body=b"")
    with pytest.raises(HttpFailure, match="No whole answer"):
        await http.get(f"https://{host.name}/")


async def test_a_host_that_does_not_prove_its_name_is_not_spoken_to(host: Any) -> None:
    """The certificate is our own here, and no authority vouches for it."""
    async with GuardedHttp(allowed_networks=[ip_network("127.0.0.0/8")]) as guarded:
        with pytest.raises(HttpFailure):
            await guarded.get(f"https://127.0.0.1:{host.port}/")
    assert not host.asked


async def test_what_one_tenant_is_told_to_remember_the_next_does_not_send(
    host: Any, http: GuardedHttp
) -> None:
    host.says(headers={"set-cookie": "who=acme; Path=/"})
    await asyncio.gather(*(http.get(f"https://{host.name}/") for _ in range(2)))
    await http.post(f"https://{host.name}/", form={"a": "b c"})
    assert not any("cookie" in asked.headers for asked in host.asked)
    assert host.asked[-1].form == {"a": "b c"}


def tenant(slug: str) -> Tenant:
    issuer = f"https://id.example/t/{slug}"
    return Tenant(uuid4(), slug, slug, TenantStatus.ACTIVE, issuer, f"/t/{slug}", TenantSettings())


async def test_one_tenants_slow_host_keeps_nobody_else_waiting(
    host: Any, http: GuardedHttp
) -> None:
    """Three hundred requests wait for a host that never answers."""
    full = asyncio.Event()

    def site(asked: Asked) -> Answer:
        if len(host.asked) == 16:
            full.set()
        return Answer(never_ends=asked.path == "/slow", body=b"")

    host.site = site

    async def ask(who: Tenant, url: str) -> int:
        with use_tenant(who):
            return (await http.get(url)).status

    acme, globex = tenant("acme"), tenant("globex")
    slow = [asyncio.create_task(ask(acme, f"https://{host.name}/slow")) for _ in range(300)]
    async with asyncio.timeout(4):
        await full.wait()
        assert await ask(globex, f"https://{host.name}/") == 200, "of another tenant"
    assert len(host.asked) == 17, "as many as are one tenant's"
    for each in slow:
        each.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    assert await ask(acme, f"https://{host.name}/") == 200, "places are given back"


async def test_a_slow_host_of_many_tenants_keeps_no_other_host_waiting(
    host: Any, http: GuardedHttp
) -> None:
    full, other_was_asked = asyncio.Event(), asyncio.Event()

    def site(asked: Asked) -> Answer:
        if len(host.asked) == 32:
            full.set()
        if asked.path == "/other":
            other_was_asked.set()
        return Answer(never_ends=True, body=b"")

    host.site = site

    async def ask(who: Tenant) -> None:
        with use_tenant(who):
            await http.get(f"https://{host.name}/")

    waiting = [asyncio.create_task(ask(tenant(f"t{number}"))) for number in range(300)]
    async with asyncio.timeout(4):
        await full.wait()
        # The same machine by another name: another host.
        other = asyncio.create_task(http.get(f"https://127.0.0.1:{host.port}/other"))
        await other_was_asked.wait()
    assert len(host.asked) == 33
    for each in (*waiting, other):
        each.cancel()
    await asyncio.gather(*waiting, other, return_exceptions=True)
