"""The pages in a real browser: signing in, approving a device, ending sessions."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import pytest
from playwright.async_api import Page

from authgate_testing import BrowserContextFactory
from authgate_testing.live import DEVICE_GRANT, PASSWORD, LiveServer

Axe = Callable[[Page], Awaitable[list[str]]]
USERNAME = "mira.halvorsen"


@pytest.fixture
async def device(live_server: LiveServer) -> AsyncIterator[httpx2.AsyncClient]:
    """A device somewhere, that wants to sign in."""
    async with httpx2.AsyncClient(base_url=f"{live_server.issuer}/") as http:
        yield http


async def ask(device: httpx2.AsyncClient, server: LiveServer) -> dict[str, str]:
    """What the device shows."""
    answer = await device.post(
        "oauth/device/code",
        data={"client_id": server.client_id, "scope": "openid profile write"},
        headers={"User-Agent": "fleet/2.4.1 (Linux; x86_64)"},
    )
    shown: dict[str, str] = answer.json()
    return shown


async def poll(device: httpx2.AsyncClient, server: LiveServer, code: str) -> httpx2.Response:
    """Whether it may sign in."""
    return await device.post(
        "oauth/token",
        data={"grant_type": DEVICE_GRANT, "client_id": server.client_id, "device_code": code},
    )


async def sign_in(page: Page) -> None:
    """Fill in the sign-in page."""
    await page.get_by_label(re.compile("name|email", re.IGNORECASE)).first.fill(USERNAME)
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.locator("form button[type=submit]").first.click()


async def wait_for_path(page: Page, path: str) -> None:
    """The browser has arrived."""
    await page.wait_for_url(re.compile(re.escape(path)))


QUICKER = "Autofocus processing was blocked because a document already has a focused element."
"""Said where somebody types before the page is whole."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
async def test_a_person_signs_in_and_approves_a_device(
    live_server: LiveServer,
    device: httpx2.AsyncClient,
    browser_context_factory: BrowserContextFactory,
    axe_violations: Axe,
    scheme: str,
    script: bool,
) -> None:
    context = await browser_context_factory(color_scheme=scheme, java_script_enabled=script)
    page = await context.new_page()
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    shown = await ask(device, live_server)

    await page.goto(shown["verification_uri"])
    await wait_for_path(page, "/login")
    if script:
        assert await axe_violations(page) == []
    await sign_in(page)
    await wait_for_path(page, "/device")
    if script:
        assert await axe_violations(page) == []
    await page.locator("input[name=user_code]").fill(shown["user_code"].lower())
    await page.get_by_role("button", name="Continue").click()

    confirm = page.locator("form#decision")
    await confirm.wait_for()
    text = await page.locator("body").inner_text()
    assert "Fleet CLI" in text
    assert "127.0.0.1" in text or "::1" in text
    if script:
        assert await axe_violations(page) == []
    assert (await poll(device, live_server, shown["device_code"])).json()["error"] in (
        "authorization_pending",
        "slow_down",
    )

    await page.get_by_role("button", name="Approve device").click()  # without the tick: held back
    assert await confirm.is_visible()
    await page.locator("input[name=mine]").check()
    await page.get_by_role("button", name="Approve device").click()
    await page.get_by_text("Device approved").first.wait_for()
    if script:
        assert await axe_violations(page) == []
    assert (await poll(device, live_server, shown["device_code"])).status_code == 200
    if script:
        await page.get_by_text("Your device is signed in").first.wait_for()
        assert await axe_violations(page) == []
    assert set(messages) <= {QUICKER}


async def test_enter_on_the_confirm_page_denies(
    live_server: LiveServer, device: httpx2.AsyncClient, browser_page: Page
) -> None:
    shown = await ask(device, live_server)
    await browser_page.goto(f"{live_server.issuer}/device?user_code={shown['user_code']}")
    await sign_in(browser_page)
    tick = browser_page.locator("input[name=mine]")
    await tick.focus()
    await tick.press("Enter")
    await browser_page.get_by_text("Request denied").first.wait_for()
    refused = await poll(device, live_server, shown["device_code"])
    assert refused.json() == {"error": "access_denied"}


async def test_a_wrong_password_is_said_on_the_page(
    live_server: LiveServer, browser_page: Page, axe_violations: Axe
) -> None:
    await browser_page.goto(f"{live_server.issuer}/login")
    await browser_page.locator("input[name=username]").fill(USERNAME)
    await browser_page.locator("input[name=password]").fill("not the password")
    await browser_page.locator("form button[type=submit]").first.click()
    await browser_page.locator("#problem, [role=alert]").first.wait_for()
    assert (await browser_page.title()).startswith("Error:")
    assert await browser_page.locator("input[name=username]").input_value() == USERNAME
    assert await browser_page.locator("input[name=password]").input_value() == ""
    assert await axe_violations(browser_page) == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
async def test_a_person_ends_their_other_sessions(
    live_server: LiveServer,
    browser_context_factory: BrowserContextFactory,
    axe_violations: Axe,
    script: bool,
) -> None:
    pages = []
    for _ in range(2):
        context = await browser_context_factory(java_script_enabled=script)
        page = await context.new_page()
        await page.goto(f"{live_server.issuer}/login")
        await sign_in(page)
        await wait_for_path(page, "/account/sessions")
        pages.append(page)
    here, there = pages
    await here.reload()
    if script:
        assert await axe_violations(here) == []
    await here.get_by_role("button", name=re.compile("everywhere else")).first.click()
    await here.locator("form[action$='/end-others'] button[type=submit]").first.click()
    await wait_for_path(here, "ended=1")
    await there.reload()
    await wait_for_path(there, "/login")


async def test_an_unknown_tenant_and_page_are_readable_errors(
    live_server: LiveServer, browser_page: Page, axe_violations: Axe
) -> None:
    for address in (f"{live_server.base_url}/t/nobody/login", f"{live_server.issuer}/nowhere"):
        answer = await browser_page.goto(address)
        assert answer is not None
        assert answer.status == 404
        assert await browser_page.get_by_role("heading", level=1).count() == 1
        assert await axe_violations(browser_page) == []


async def test_every_page_fits_a_small_phone(
    live_server: LiveServer,
    device: httpx2.AsyncClient,
    browser_context_factory: BrowserContextFactory,
) -> None:
    context = await browser_context_factory(viewport={"width": 320, "height": 640})
    page = await context.new_page()
    shown = await ask(device, live_server)
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    await page.goto(f"{live_server.issuer}/login")
    assert await page.evaluate(overflow) == 0
    await sign_in(page)
    for path in ("account/sessions", "device", f"device?user_code={shown['user_code']}"):
        await page.goto(f"{live_server.issuer}/{path}")
        assert await page.evaluate(overflow) == 0, path
