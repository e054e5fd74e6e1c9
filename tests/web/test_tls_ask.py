"""``/tls-ask``: for which hosts a proxy may get a certificate; and that made-up names drive nobody
out of what is remembered."""

import pytest

from authgate import installation, provisioning
from authgate.settings import Settings
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.hearing import hears
from authgate_testing.server import RunningServer

HOST = "login.acme.example"
STRANGERS = 20


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Few names that are nobody's are remembered, and a network may ask besides this machine."""
    monkeypatch.setattr(installation, "_STRANGERS", STRANGERS)
    asked_from = ("127.0.0.0/8", "10.1.0.0/16")
    server = settings.server.model_copy(update={"tls_ask_from": asked_from})
    return settings.model_copy(update={"server": server, "base_domain": "tenants.example"})


@on_sqlite
async def test_a_proxy_is_told_which_hosts_are_ours(server: RunningServer, acme: Tenant) -> None:
    async def answer(domain: str) -> int:
        # Caddy asks by the name of the Service, which is nobody's host.
        url = f"http://authgate.internal/tls-ask?domain={domain}"
        return (await server.http.get(url)).status_code

    assert await answer(HOST) == 404
    with use_tenant(acme):
        await provisioning.add_domain(server.parts, HOST)
        assert await answer(HOST) == 404
        await provisioning.verify_domain(server.parts, HOST, stated=True)
    for known in (HOST, HOST.upper(), "localhost", "acme.tenants.example"):
        assert await answer(known) == 200, known
    for unknown in ("nobody.tenants.example", "evil.test", "tenants.example", f"x.{HOST}", "a%2Fb"):
        assert await answer(unknown) == 404, unknown
    for bad in ("a&domain=b", "a&domain", "%zz"):
        assert await answer(bad) == 400, bad


@on_sqlite
async def test_ht_02_who_comes_through_a_proxy_or_from_elsewhere_is_told_nothing(
    server: RunningServer,
) -> None:
    url = "http://localhost/tls-ask?domain=localhost"
    assert (await server.from_address("10.1.2.3").get(url)).status_code == 200
    nothing = await server.from_address("203.0.113.9").get(url)
    assert (nothing.status_code, nothing.json()["error"]) == (404, "not_found")
    for header in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"):
        answer = await server.http.get(url, headers={header: "203.0.113.9"})
        assert answer.content == nothing.content, header


@on_sqlite
async def test_names_that_are_nobodys_drive_no_tenant_out_of_what_is_remembered(
    server: RunningServer, acme: Tenant
) -> None:
    resolver, tenants = server.parts.resolver, server.parts.tenants
    await hears(server)
    assert await resolver.find("acme") is not None
    [strangers] = [each for each in server.parts.caches if each.name == "strangers"]
    for number in range(5 * STRANGERS):
        assert await resolver.find(f"nobody-{number}") is None
        assert not await resolver.is_known(f"host-{number}.example")
    assert tenants.kept((None, "slug", "acme")) is not None
    assert (len(tenants), len(strangers)) == (1, STRANGERS)
    loads = strangers.stats.loads
    assert not await resolver.is_known(f"host-{5 * STRANGERS - 1}.example")
    assert strangers.stats.loads == loads, "the latest are remembered"
