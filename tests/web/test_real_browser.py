"""What only a real browser shows: the headers it adds to our forms, and the cookies it keeps."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import Page, expect

from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings, Settings
from authgate_tenants import Tenant
from authgate_testing.listening import listening, settings_for_browsers
from authgate_testing.server import RunningServer

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
PASSWORD = "correct-horse-battery-staple"


@pytest.fixture
def settings(sqlite_settings: DatabaseSettings, tmp_path: Path) -> Settings:
    return settings_for_browsers(sqlite_settings, tmp_path)


@pytest.fixture
async def listener(server: RunningServer, settings: Settings) -> AsyncIterator[None]:
    async with listening(server.transport.app, settings.base_url):
        yield


async def sign_in(page: Page) -> None:
    await page.fill("#username", "alice")
    await page.fill("#password", PASSWORD)
    await page.get_by_role("button", name="Continue").click()


async def start(server: RunningServer, tenant: Tenant, client: NewClient) -> dict[str, str]:
    answer = await server.http.post(
        f"{tenant.issuer}/oauth/device/code", data={"client_id": client.client.client_id}
    )
    content: dict[str, str] = answer.json()
    return content


async def poll(
    server: RunningServer, tenant: Tenant, client: NewClient, device_code: str
) -> httpx2.Response:
    return await server.http.post(
        f"{tenant.issuer}/oauth/token",
        data={
            "grant_type": GRANT,
            "client_id": client.client.client_id,
            "device_code": device_code,
        },
    )


@pytest.mark.usefixtures("listener", "alice")
async def test_a_person_follows_the_link_signs_in_and_approves(
    server: RunningServer, acme: Tenant, device_client: NewClient, browser_page: Page
) -> None:
    shown = await start(server, acme, device_client)
    await browser_page.goto(shown["verification_uri_complete"])
    await sign_in(browser_page)

    await expect(browser_page.get_by_role("heading", name="Is this your device?")).to_be_visible()
    await browser_page.get_by_role("checkbox").check()
    await browser_page.get_by_role("button", name="Approve device").click()
    await expect(browser_page.get_by_role("heading", name="Device approved")).to_be_visible()

    token = await poll(server, acme, device_client, shown["device_code"])
    assert token.status_code == 200, token.text


@pytest.mark.usefixtures("listener", "alice")
async def test_enter_denies_and_never_approves(
    server: RunningServer, acme: Tenant, device_client: NewClient, browser_page: Page
) -> None:
    shown = await start(server, acme, device_client)
    await browser_page.goto(shown["verification_uri_complete"])
    await sign_in(browser_page)

    await browser_page.get_by_role("checkbox").press("Enter")
    await expect(browser_page.get_by_role("heading", name="Request denied")).to_be_visible()

    answer = await poll(server, acme, device_client, shown["device_code"])
    assert answer.json() == {"error": "access_denied"}


@pytest.mark.usefixtures("listener", "alice")
async def test_wb_21_going_back_after_signing_out_shows_no_page_of_the_account(
    acme: Tenant, browser_page: Page
) -> None:
    await browser_page.goto(f"{acme.issuer}/login")
    await sign_in(browser_page)
    await expect(browser_page).to_have_url(f"{acme.issuer}/account/sessions")

    await browser_page.get_by_role("button", name="Sign out").first.click()
    await expect(browser_page).to_have_url(f"{acme.issuer}/login")
    await browser_page.go_back()

    await expect(browser_page.get_by_label("Password", exact=True)).to_be_visible()


@pytest.mark.usefixtures("listener", "alice")
async def test_a_browser_sends_one_tenants_cookies_to_that_tenant_only(
    acme: Tenant, globex: Tenant, browser_page: Page
) -> None:
    await browser_page.goto(f"{acme.issuer}/login")
    await sign_in(browser_page)
    await expect(browser_page).to_have_url(f"{acme.issuer}/account/sessions")

    await browser_page.goto(f"{globex.issuer}/account/sessions")
    await expect(browser_page.get_by_role("heading", name="Sign in to Globex")).to_be_visible()
    sent = await browser_page.context.cookies(f"{globex.issuer}/login")
    assert {each["path"] for each in sent} == {globex.prefix}


@pytest.mark.usefixtures("listener", "alice")
async def test_wb_03_another_sites_sign_in_form_signs_nobody_in(
    acme: Tenant, browser_page: Page
) -> None:
    # A page of another origin posts the attacker's own credentials from the victim's browser.
    forged = (
        f'<form method="post" action="{acme.issuer}/login">'
        f'<input name="username" value="alice"><input name="password" value="{PASSWORD}">'
        "<button>Win a prize</button></form>"
    )
    await browser_page.goto(f"{acme.issuer}/login")  # its cookie is in the browser already
    await browser_page.route(
        "http://evil.test/", lambda route: route.fulfill(body=forged, content_type="text/html")
    )
    await browser_page.goto("http://evil.test/")
    async with browser_page.expect_response(f"{acme.issuer}/login") as answer:
        await browser_page.get_by_role("button").click()
    assert (await answer.value).status == 403
    names = {each["name"] for each in await browser_page.context.cookies(acme.issuer)}
    assert "authgate_session" not in names
