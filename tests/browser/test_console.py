"""The console in a real browser: whole stories, by the keyboard, without script, on a telephone."""

import re
import subprocess
from collections.abc import Awaitable, Callable

from playwright.async_api import Page

from authgate_testing import BrowserContextFactory
from authgate_testing.live import PASSWORD, LiveServer

Axe = Callable[[Page], Awaitable[list[str]]]


async def signed_in(page: Page, server: LiveServer, path: str) -> None:
    """Open a page of the console as its administrator."""
    await page.goto(f"{server.issuer}/admin{path}")
    await page.locator("input[name=username]").fill("mira.halvorsen")
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/admin{path}")


def pasted(lines: str, secret: str) -> str:
    """What a shell says to the lines."""
    ended = subprocess.run(
        ["bash", "-euc", lines],
        env={"CLIENT_SECRET": secret, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout


async def test_a_machine_is_made_connected_by_the_lines_shown_and_deleted(
    live_server: LiveServer, browser_context_factory: BrowserContextFactory, axe_violations: Axe
) -> None:
    context = await browser_context_factory(permissions=["clipboard-read", "clipboard-write"])
    page = await context.new_page()
    await signed_in(page, live_server, "")
    await page.get_by_role("link", name="New client", exact=True).click()
    await page.get_by_role("link", name="Machine to machine").click()
    await page.get_by_label("Name", exact=True).fill("Nightly <i>export</i>")
    await page.get_by_label("Scopes that it may ask for").fill("read")
    await page.get_by_role("button", name="Create client").click()
    await page.get_by_role("heading", name="Nightly <i>export</i> is ready").wait_for()
    await page.get_by_role("button", name="Copy: Client secret").click()
    secret = await page.evaluate("navigator.clipboard.readText()")
    assert secret.startswith("agsec_")
    lines = await page.get_by_role("region", name="curl example").inner_text()
    assert '"access_token"' in pasted(lines, secret)
    await page.get_by_text("Go", exact=True).click()
    assert await page.get_by_role("region", name="Go example").is_visible()
    assert not await page.get_by_role("region", name="curl example").is_visible()

    await page.get_by_role("link", name="Go to the client").click()
    await page.get_by_role("link", name="See all its tokens").click()
    await page.get_by_role("button", name="Revoke this token").click()
    await page.get_by_role("alertdialog").wait_for()
    assert await axe_violations(page) == []
    await page.get_by_role("button", name="Revoke", exact=True).click()
    await page.get_by_text("Revoked: the token works no more.").wait_for()

    await page.get_by_role("link", name="Nightly <i>export</i>").click()
    await page.get_by_role("link", name="Delete").click()
    await page.get_by_label("Type its name").fill("Nightly")
    await page.keyboard.press("Enter")
    await page.get_by_text("Nothing was deleted.").wait_for()
    await page.get_by_label("Type its name").fill("Nightly <i>export</i>")
    await page.keyboard.press("Enter")
    await page.get_by_text("Deleted, with all that it was given.").wait_for()
    assert "Nightly" not in await page.locator("main").inner_text()


async def test_without_script_and_on_a_telephone_a_client_is_made_mended_and_disabled(
    live_server: LiveServer, browser_context_factory: BrowserContextFactory
) -> None:
    context = await browser_context_factory(
        java_script_enabled=False, viewport={"width": 360, "height": 740}
    )
    page = await context.new_page()
    await signed_in(page, live_server, "/clients/new/web")
    await page.get_by_label("Name", exact=True).fill("Partner portal")
    await page.get_by_label("Redirect URIs").fill("http://partners.example/cb")
    await page.get_by_role("button", name="Create client").click()
    fault = page.get_by_role("alert").get_by_role("link")
    assert "would send codes in the clear" in await fault.inner_text()
    assert await page.get_by_label("Name", exact=True).input_value() == "Partner portal"
    await page.get_by_label("Redirect URIs").fill("https://partners.example/cb")
    await page.get_by_role("button", name="Create client").click()
    secret = await page.locator(".copyline.secret code").inner_text()
    await page.reload()
    assert secret not in await page.content()

    await page.get_by_role("button", name="Open the menu").click()
    await page.locator("#drawer").get_by_role("link", name="Clients").click()
    await page.get_by_label("Name, start of the client ID").fill("partner")
    await page.get_by_role("button", name="Search").click()
    await page.get_by_role("link", name="Partner portal").click()
    await page.get_by_role("button", name="Disable").click()
    await page.get_by_text("Disabled: its tokens work no more").wait_for()
    await page.get_by_role("link", name="New secret").click()
    await page.get_by_label("The present secret is good for").fill("0")
    await page.get_by_role("button", name="Make a new secret").click()
    assert re.search(r"agsec_[\w-]{43}", await page.content())
    await page.get_by_role("button", name="Open the menu").click()
    await page.locator("#drawer").get_by_role("button", name="Sign out").click()
    await page.wait_for_url("**/login")
