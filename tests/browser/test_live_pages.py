"""Pages that change by themselves, in a real browser."""

from collections.abc import Awaitable, Callable

import httpx2
from playwright.async_api import Page

from authgate_testing.live import PASSWORD, LiveServer

Axe = Callable[[Page], Awaitable[list[str]]]


async def test_the_log_shows_what_happens_while_somebody_looks(
    live_server: LiveServer, browser_page: Page, axe_violations: Axe
) -> None:
    page = browser_page
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    await page.goto(f"{live_server.issuer}/admin/audit")
    await page.locator("input[name=username]").fill("mira.halvorsen")
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/admin/audit")
    await page.locator("#events[data-live]").wait_for()
    await page.locator("#search").fill("typed meanwhile")
    async with httpx2.AsyncClient() as http:
        form = {"grant_type": "client_credentials", "client_id": "nobody-knows-this-one"}
        await http.post(f"{live_server.issuer}/oauth/token", data=form)
        form = {"client_id": live_server.client_id, "scope": "openid"}
        await http.post(f"{live_server.issuer}/oauth/device/code", data=form)
    await page.locator("#events").get_by_text("DEVICE_CODE_GENERATED").first.wait_for()
    assert await page.locator("#search").input_value() == "typed meanwhile"
    assert await axe_violations(page) == []
    assert messages == []
    await page.context.clear_cookies()
    async with httpx2.AsyncClient() as http:
        await http.post(f"{live_server.issuer}/oauth/device/code", data=form)
    await page.locator("#events:not([data-live])").wait_for()
    await page.get_by_role("link", name="Look again").click()
    await page.locator("input[name=username]").wait_for()
    assert messages == []
