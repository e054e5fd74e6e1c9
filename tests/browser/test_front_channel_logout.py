"""Signing out in a real browser: the application's page is loaded unseen, and on it goes."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.async_api import Page, expect

from authgate import provisioning
from authgate.settings import DatabaseSettings, Settings
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.vocabulary import ConsentPolicy
from authgate_tenants import Tenant, use_tenant
from authgate_testing import BrowserContextFactory
from authgate_testing.application import challenge
from authgate_testing.listening import listening, settings_for_browsers
from authgate_testing.other_origin import Site, serving
from authgate_testing.server import RunningServer


@pytest.fixture
def settings(sqlite_settings: DatabaseSettings, tmp_path: Path) -> Settings:
    return settings_for_browsers(sqlite_settings, tmp_path)


@pytest.fixture
async def listener(server: RunningServer, settings: Settings) -> AsyncIterator[None]:
    async with listening(server.transport.app, settings.base_url):
        yield


@pytest.fixture
def asked() -> list[str]:
    """What the application's server was asked for."""
    return []


@pytest.fixture
def application(asked: list[str]) -> Iterator[str]:
    """The origin of an application."""

    class Application(Site):
        def answer(self, sent: bytes) -> None:
            asked.append(self.path)
            self.page(b"<!doctype html><title>Application</title><h1>At home</h1>")

    with serving(Application) as origin:
        yield origin


async def register(server: RunningServer, tenant: Tenant, application: str) -> None:
    """Register the application, whose people are not asked."""
    draft = ClientDraft(
        name="Acme Page",
        client_id="page",
        grant_types=["authorization_code"],
        scopes=["openid"],
        redirect_uris=[f"{application}/callback"],
        consent=ConsentPolicy.IMPLICIT,
        first_party=True,
        public=True,
    )
    with use_tenant(tenant):
        client = (await provisioning.add_client(server.parts, draft)).client
        metadata = replace(
            client.metadata,
            frontchannel_logout_uri=f"{application}/gone",
            post_logout_redirect_uris=(f"{application}/bye",),
        )
        await provisioning.change_client(server.parts, "page", ClientChange(metadata=metadata))


async def sign_in(page: Page, tenant: Tenant, application: str) -> None:
    """Sign in to the application."""
    asking = {
        "response_type": "code",
        "client_id": "page",
        "redirect_uri": f"{application}/callback",
        "scope": "openid",
        "code_challenge": challenge("v" * 43),
        "code_challenge_method": "S256",
    }
    await page.goto(f"{tenant.issuer}/oauth/authorize?{urlencode(asking)}")
    await page.fill("#username", "alice")
    await page.fill("#password", "correct-horse-battery-staple")
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("heading", name="At home")).to_be_visible()


@pytest.mark.usefixtures("listener", "alice")
async def test_the_application_s_page_is_loaded_and_the_person_goes_back(
    server: RunningServer,
    acme: Tenant,
    application: str,
    asked: list[str],
    browser_context_factory: BrowserContextFactory,
) -> None:
    await register(server, acme, application)
    back = {"client_id": "page", "post_logout_redirect_uri": f"{application}/bye", "state": "s"}
    refused: list[str] = []
    for script in (True, False):
        page = await (await browser_context_factory(java_script_enabled=script)).new_page()
        page.on("console", lambda message: refused.append(message.text))
        await sign_in(page, acme, application)
        await page.goto(f"{acme.issuer}/oauth/logout?{urlencode(back)}")
        asked.clear()
        await page.get_by_role("button", name="Sign out").click()
        if not script:
            await expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
            await page.get_by_role("link", name="Go on to Acme Page").click()
        await page.wait_for_url(f"{application}/bye?state=s")
        gone, bye = [each for each in asked if "favicon" not in each]
        assert gone.startswith("/gone?iss=http%3A%2F%2Flocalhost")
        assert bye == "/bye?state=s"
        assert refused == []
        await page.goto(f"{acme.issuer}/account/sessions")
        assert "/login" in page.url
