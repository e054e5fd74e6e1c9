"""Answers that a provider has the browser post (OAuth 2.0 Form Post Response Mode).

They come from another site, so without cookies, and count in the browser that began alone.
"""

from pathlib import Path

import httpx2
import pytest

from authgate import provisioning
from authgate.accounts.connection_setup import ConnectionSetup
from authgate.settings import EgressSettings, Settings
from authgate.storage.audit import audit_events
from authgate.storage.grants.spent_jtis import SpentJti
from authgate_oidc.connector import OpenIdProviderConnector
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.pretend_host import Host
from authgate_testing.pretend_openid import PretendOpenId
from authgate_testing.server import RunningServer


@pytest.fixture
def settings(settings: Settings, certificate: tuple[Path, Path]) -> Settings:
    egress = EgressSettings(allowed_networks=("127.0.0.0/8", "::1/128"), ca_file=certificate[0])
    return settings.model_copy(update={"egress": egress})


@pytest.fixture
def provider(host: Host, monkeypatch: pytest.MonkeyPatch) -> PretendOpenId:
    """One that answers by a form, and a connector that knows it."""
    monkeypatch.setattr(OpenIdProviderConnector, "form_state", "state")
    host.site = provider = PretendOpenId(host=host.name)
    return provider


@pytest.fixture
async def acme(server: RunningServer, provider: PretendOpenId) -> Tenant:
    tenant = await provisioning.add_tenant(
        server.parts,
        slug="acme",
        name="Acme",
        settings=TenantSettings(enabled_plugins=("oidc",), auto_register=True),
    )
    config = {
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "client_secret": provider.client_secret,
    }
    parts = server.parts
    setup = ConnectionSetup(connectors=parts.plugins.connectors, encryption=parts.encryption)
    with use_tenant(tenant):
        await setup.add(slug="idp", connector="oidc", config=config, label="IdP")
    return tenant


class Visitor(Person):
    """Somebody's browser."""

    async def agreed(self, tenant: Tenant, provider: PretendOpenId) -> dict[str, str]:
        left = await self.http.get(f"{tenant.issuer}/login/idp")
        assert left.status_code == 303, left.text
        return provider.approve(left.headers["location"])

    async def post(self, tenant: Tenant, form: dict[str, str], *, by: object) -> httpx2.Response:
        """Send the provider's form as a browser sends that of another site: without our cookies."""
        stranger = by.browser() if isinstance(by, RunningServer) else self.http
        self.page = await stranger.post(f"{tenant.issuer}/login/idp/callback", data=form)
        return self.page


async def is_signed_in(person: Person, tenant: Tenant) -> bool:
    return (await person.http.get(f"{tenant.issuer}/account/sessions")).status_code == 200


async def causes(tenant: Tenant) -> list[str]:
    with use_tenant(tenant):
        found = await audit_events.latest(limit=20)
    return [str(each.details["cause"]) for each in found if "cause" in each.details]


async def test_a_form_of_the_provider_signs_in_who_began(
    server: RunningServer, acme: Tenant, provider: PretendOpenId
) -> None:
    visitor = Visitor(server.browser())
    form = await visitor.agreed(acme, provider)
    page = await visitor.post(acme, form, by=server)
    assert (page.status_code, "set-cookie" in page.headers) == (200, False)
    assert "data-send-at-once" in page.text
    # Browsers hold it against every redirect that follows: nobody would get to their application.
    assert "form-action" not in page.headers["content-security-policy"]
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert not await is_signed_in(visitor, acme)
    done = await visitor.submit({}, to="/callback", follow=False)
    assert (done.status_code, await is_signed_in(visitor, acme)) == (303, True)


@on_sqlite
async def test_a_form_is_worth_nothing_in_another_browser_nor_a_second_time(
    server: RunningServer, acme: Tenant, provider: PretendOpenId
) -> None:
    visitor, other = Visitor(server.browser()), Visitor(server.browser())
    form = await visitor.agreed(acme, provider)
    began = dict(visitor.http.cookies)
    await other.post(acme, form, by=server)
    assert (await other.submit({}, to="/callback")).status_code == 400
    await other.agreed(acme, provider)
    assert (await other.post(acme, form, by=other)).status_code == 400
    assert not await is_signed_in(other, acme)

    # Not even for who has taken what the browser began with.
    assert (await visitor.post(acme, form, by=visitor)).status_code == 303
    thief = Visitor(server.browser())
    thief.http.cookies.update(began)
    assert (await thief.post(acme, form, by=thief)).status_code == 400
    assert not await is_signed_in(thief, acme)
    assert "answered already" in await causes(acme)


@on_sqlite
async def test_what_is_no_form_of_a_provider_is_not_posted_again(
    server: RunningServer, acme: Tenant, provider: PretendOpenId, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Visitor(server.browser())
    form = await visitor.agreed(acme, provider)
    for odd in (
        {},
        {"code": form["code"]},
        {**form, **{f"f{number}": "" for number in range(20)}},
        {**form, "authgate_again": "1"},
    ):
        assert (await visitor.post(acme, odd, by=server)).status_code == 400
    marked = '"><script>'
    page = await visitor.post(acme, {**form, marked: marked}, by=server)
    assert "<script>" not in page.text
    assert (await visitor.post(acme, {**form, "x": "y" * 70_000}, by=server)).status_code == 413
    with use_tenant(acme):
        assert await SpentJti.all().count() == 0

    # By a form it is answered, or in the address: never by either.
    callback = f"{acme.issuer}/login/idp/callback"
    assert (await visitor.http.get(callback, params=form)).status_code == 400
    form = await visitor.agreed(acme, provider)
    monkeypatch.setattr(OpenIdProviderConnector, "form_state", "")
    refused = await visitor.post(acme, form, by=visitor)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert (await visitor.http.get(callback, params=form)).status_code == 303
    assert (await visitor.http.post(f"{acme.issuer}/login/nobody/callback")).status_code == 404
